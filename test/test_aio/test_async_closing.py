"""Closing an awaiting client: what it waits for, and what it ends."""

import asyncio
import threading

import pytest
from support.awaiting import PATIENCE, count_threads, serve
from support.caller import RUN
from support.peers import Peer, echo, then


def test_closing_waits_for_the_calls_under_way_and_ends_threads_and_connections():
    released = threading.Event()

    async def work(api, client):
        call = asyncio.create_task(api.pipeline_run_post(RUN))
        await asyncio.to_thread(peer.wait, lambda: peer.requests)
        closing = asyncio.create_task(client.close())
        await asyncio.sleep(0.01)
        assert not closing.done()
        released.set()
        await closing
        assert (await call).body["pipelineRunId"]
        assert count_threads() == 0
        peer.wait(lambda: not peer.open)

    with Peer(then(lambda *_: released.wait(PATIENCE), echo)) as peer:
        serve(peer, work)


def test_closing_waits_for_the_calls_under_way_where_no_thread_can_be_had_for_it(monkeypatch):
    released = threading.Event()

    def start(thread):
        raise RuntimeError(f"can't start {thread.name}")

    async def work(api, client):
        call = asyncio.create_task(api.pipeline_run_post(RUN))
        await asyncio.to_thread(peer.wait, lambda: peer.requests)
        threading.Timer(0.1, released.set).start()
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", start)
            await client.close()
        assert released.is_set()
        assert count_threads() == 0
        assert (await call).body["pipelineRunId"]

    with Peer(then(lambda *_: released.wait(PATIENCE), echo)) as peer:
        serve(peer, work)


def test_closing_again_goes_on_waiting_where_a_time_out_ended_the_first():
    released = threading.Event()

    async def work(api, client):
        call = asyncio.create_task(api.pipeline_run_post(RUN))
        await asyncio.to_thread(peer.wait, lambda: peer.requests)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.close(), 0.01)
        asyncio.get_running_loop().call_later(0.1, released.set)
        await client.close()
        assert released.is_set()
        assert count_threads() == 0
        await call

    with Peer(then(lambda *_: released.wait(PATIENCE), echo)) as peer:
        serve(peer, work)


def test_closing_waits_for_calls_of_another_number_of_connections():
    released = threading.Event()

    async def work(api, client):
        call = asyncio.create_task(api.pipeline_run_post(RUN))
        await asyncio.to_thread(peer.wait, lambda: peer.requests)
        client.configuration.connection_pool_maxsize = 4
        await api.pipeline_run_post(RUN)
        asyncio.get_running_loop().call_later(0.1, released.set)
        await client.close()
        assert count_threads() == 0
        await call

    with Peer(then(lambda *_: released.wait(PATIENCE), echo), echo) as peer:
        serve(peer, work, connection_pool_maxsize=2)
