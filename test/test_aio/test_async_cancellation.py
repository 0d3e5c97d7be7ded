"""A cancelled call: its task ends at once, and another call is served."""

import asyncio
import gc

import pytest
from support.caller import RUN, TOKEN
from support.peers import Peer, echo, stall

from gentrace import Configuration
from gentrace.aio import AsyncApiClient, AsyncIngestionApi
from gentrace.rest.cancellation import Cancellation, current_cancellation, pause
from gentrace.rest.deadline import start_deadline


def test_a_cancelled_call_ends_at_once_for_its_task():
    async def work():
        async with AsyncApiClient(Configuration(peer.url, access_token=TOKEN)) as client:
            api = AsyncIngestionApi(client)
            call = asyncio.create_task(api.pipeline_run_post(RUN, timeout=2))
            await asyncio.to_thread(peer.wait, lambda: peer.requests)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            answer = await api.pipeline_run_post(RUN, idempotency_key="next")
            assert answer.body["pipelineRunId"] == "next"

    with Peer(stall, echo) as peer:
        asyncio.run(work())


def test_a_cancelled_call_leaves_nothing_to_log(caplog):
    """Such as an exception that nobody retrieves."""

    async def work():
        async with AsyncApiClient(Configuration(peer.url, access_token=TOKEN)) as client:
            call = asyncio.create_task(AsyncIngestionApi(client).pipeline_run_post(RUN, timeout=2))
            await asyncio.to_thread(peer.wait, lambda: peer.requests)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
        await asyncio.sleep(0)  # what the thread has told the loop is done now

    with Peer(stall) as peer:
        asyncio.run(work())
    gc.collect()
    assert caplog.messages == []


def test_a_call_that_waits_for_its_turn_is_never_made():
    async def work():
        configuration = Configuration(peer.url, access_token=TOKEN, connection_pool_maxsize=1)
        async with AsyncApiClient(configuration) as client:
            api = AsyncIngestionApi(client)
            first = asyncio.create_task(api.pipeline_run_post(RUN, timeout=2))
            await asyncio.to_thread(peer.wait, lambda: peer.requests)
            second = asyncio.create_task(api.pipeline_run_post(RUN))
            await asyncio.sleep(0.01)
            second.cancel()
            first.cancel()
            for call in (first, second):
                with pytest.raises(asyncio.CancelledError):
                    await call
        assert len(peer.requests) == 1

    with Peer(stall) as peer:
        asyncio.run(work())


def test_a_pause_ends_when_its_call_is_ended():
    pause(0.001)
    cancel = Cancellation(start_deadline(None, 60))
    cancel.cancel()
    assert cancel.deadline.has_passed()
    token = current_cancellation.set(cancel)
    try:
        pause(3600)
    finally:
        current_cancellation.reset(token)
