"""The threads of an awaiting client: how many there are, when they start and when they end."""

import asyncio
import contextvars
import copy
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pickle import dumps, loads

import pytest
from support.awaiting import PATIENCE, count_threads, serve
from support.caller import RUN, TOKEN
from support.peers import Peer, echo, then

from gentrace import Configuration
from gentrace.aio import AsyncApiClient, AsyncIngestionApi
from gentrace.exceptions import ApiConnectionException


def together(count):
    """Answer none of `count` requests before all of them are there."""
    barrier = threading.Barrier(count)
    return then(lambda *_: barrier.wait(PATIENCE), echo)


def test_calls_that_are_awaited_together_are_sent_together():
    async def work(api, _):
        keys = [f"key {n}" for n in range(8)]
        posts = [api.pipeline_run_post(RUN, idempotency_key=key) for key in keys]
        answers = await asyncio.gather(*posts)
        assert [answer.body["pipelineRunId"] for answer in answers] == keys

    with Peer(together(8)) as peer:
        serve(peer, work)


def test_a_thread_is_started_when_a_call_finds_none_idle():
    async def work(api, _):
        assert count_threads() == 0
        for _ in range(20):
            await api.pipeline_run_post(RUN)
        # A thread takes a moment to be idle again after its call's end.
        assert 1 <= count_threads() < 20

    with Peer() as peer:
        serve(peer, work)
    assert count_threads() == 0


def test_there_are_no_more_threads_than_connections_allowed():
    """The calls beyond wait for their turn, and each gets its own answer."""

    async def work(api, _):
        keys = [f"key {n}" for n in range(9)]
        posts = [api.pipeline_run_post(RUN, idempotency_key=key) for key in keys]
        answers = await asyncio.gather(*posts)
        assert [answer.body["pipelineRunId"] for answer in answers] == keys
        assert count_threads() == 3

    with Peer(together(3)) as peer:
        serve(peer, work, connection_pool_maxsize=3)
        assert peer.connections == 3


def test_another_number_of_connections_acts_from_the_next_call_on():
    async def work(api, client):
        await asyncio.gather(*(api.pipeline_run_post(RUN) for _ in range(2)))
        client.configuration.connection_pool_maxsize = 4
        await asyncio.gather(*(api.pipeline_run_post(RUN) for _ in range(4)))

    pair, four = together(2), together(4)
    with Peer(*[pair] * 2, *[four] * 4) as peer:
        serve(peer, work, connection_pool_maxsize=2)
        assert len(peer.requests) == 6


def test_the_loop_goes_on_while_a_call_waits():
    released = threading.Event()

    async def work(api, _):
        call = asyncio.create_task(api.pipeline_run_post(RUN))
        await asyncio.to_thread(peer.wait, lambda: peer.requests)
        released.set()
        await call

    with Peer(then(lambda *_: released.wait(PATIENCE), echo)) as peer:
        serve(peer, work)


def test_a_call_sees_the_context_of_the_task_that_makes_it():
    where = contextvars.ContextVar("where", default="nowhere")

    class Seen:
        def isoformat(self):
            return where.get()

    async def work(api, _):
        async def call(place):
            where.set(place)
            step = {"provider": {"inputs": {"seen": Seen()}}}
            await api.pipeline_run_post({"name": "n", "step_runs": [step]})

        await asyncio.gather(call("here"), call("there"))
        assert where.get() == "nowhere"

    with Peer() as peer:
        serve(peer, work)
        steps = [request.json()["stepRuns"][0] for request in peer.requests]
        assert {step["provider"]["inputs"]["seen"] for step in steps} == {"here", "there"}


@pytest.mark.parametrize("kind", [RuntimeError, MemoryError])
def test_a_call_that_no_thread_can_be_had_for_fails_and_is_never_made(monkeypatch, kind):
    def start(thread):
        raise kind(f"can't start {thread.name}")

    async def work(api, _):
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", start)
            why = "no thread can be had: can't start"
            with pytest.raises(ApiConnectionException, match=why) as info:
                await api.pipeline_run_post(RUN, idempotency_key="first")
        assert info.value.status == 0
        await api.pipeline_run_post(RUN, idempotency_key="second")

    with Peer() as peer:
        serve(peer, work)
        assert [request["Idempotency-Key"] for request in peer.requests] == ["second"]


AT_EXIT = """
import asyncio, atexit, sys
from gentrace import ApiException, Configuration
from gentrace.aio import AsyncApiClient, AsyncIngestionApi

async def call():
    async with AsyncApiClient(Configuration(sys.argv[1])) as client:
        await AsyncIngestionApi(client).pipeline_run_post({"name": "n", "step_runs": []})

async def fail():
    try:
        await call()
    except ApiException as error:
        print(error)

asyncio.run(call())
atexit.register(lambda: asyncio.run(fail()))
"""


def test_a_call_of_an_exit_function_fails_as_any_and_its_client_closes():
    with Peer() as peer:
        done = subprocess.run(  # noqa: S603 - our own script
            [sys.executable, "-c", AT_EXIT, peer.url],
            timeout=PATIENCE,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert "no thread can be had" in done.stdout
        assert len(peer.requests) == 1


def test_a_closed_client_starts_again_with_the_next_call():
    async def work(api, client):
        await client.close()
        await api.pipeline_run_post(RUN)
        await client.close()
        await api.pipeline_run_post(RUN)

    with Peer() as peer:
        serve(peer, work)
        assert peer.connections == 2


def test_a_client_serves_one_loop_after_another():
    async def call():
        return await api.pipeline_run_post(RUN, idempotency_key="key")

    with Peer() as peer:
        client = AsyncApiClient(Configuration(peer.url, access_token=TOKEN))
        api = AsyncIngestionApi(client)
        for _ in range(2):
            assert asyncio.run(call()).body["pipelineRunId"] == "key"
        asyncio.run(client.close())
        assert peer.connections == 1


FORK = """
import asyncio, os, sys
from gentrace import Configuration
from gentrace.aio import AsyncApiClient, AsyncIngestionApi

client = AsyncApiClient(Configuration(sys.argv[1]))
api = AsyncIngestionApi(client)

async def call(key):
    answer = await api.pipeline_run_post({"name": "n", "step_runs": []}, idempotency_key=key)
    assert answer.body["pipelineRunId"] == key

async def call_and_close():
    await call("child")
    await client.close()

asyncio.run(call("parent"))
client.configuration.connection_pool_maxsize = 2
asyncio.run(call("parent with others"))
for work in (call_and_close, client.close):
    child = os.fork()
    if not child:
        code = 1
        try:
            asyncio.run(work())
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
asyncio.run(call("parent again"))
"""


def test_a_child_of_a_fork_has_threads_of_its_own():
    """Its parent's are not there, and closing in the child waits for none of them."""
    with Peer() as peer:
        done = subprocess.run(  # noqa: S603 - our own script
            [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORK, peer.url],
            timeout=PATIENCE,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        keys = [request["Idempotency-Key"] for request in peer.requests]
        assert keys == ["parent", "parent with others", "child", "parent again"]


@pytest.mark.parametrize("change", ["close", "another number", "both"])
def test_a_call_has_its_thread_while_another_loop_changes_the_threads(monkeypatch, change):
    """Whatever the other loop does just when the call has found its threads; neither waits.

    So no fork waits either, which holds the locks that a thread is started under.
    """
    submit = ThreadPoolExecutor.submit
    others = []

    async def change_threads(api, client):
        if change != "another number":
            await client.close()
        if change != "close":
            client.configuration.connection_pool_maxsize = 3
            await api.pipeline_run_post(RUN)

    async def work(api, client):
        def submit_late(pool, *arguments):
            if not others:
                other = threading.Thread(target=asyncio.run, args=[change_threads(api, client)])
                others.append(other)
                other.start()
                other.join(PATIENCE)
                assert not other.is_alive()
            return submit(pool, *arguments)

        monkeypatch.setattr(ThreadPoolExecutor, "submit", submit_late)
        answer = await api.pipeline_run_post(RUN, idempotency_key="key")
        assert answer.body["pipelineRunId"] == "key"
        others[0].join(PATIENCE)

    with Peer() as peer:
        serve(peer, work, connection_pool_maxsize=2)
    assert count_threads() == 0


def test_a_call_that_may_be_queued_is_not_made_in_the_next_threads_too(monkeypatch):
    """A pool that cannot start a thread keeps the call, and may carry it out later."""

    async def work(api, client):
        def fail_late(*_):
            monkeypatch.undo()
            closing = threading.Thread(target=asyncio.run, args=[client.close()])
            closing.start()
            closing.join(PATIENCE)
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(ThreadPoolExecutor, "submit", fail_late)
        with pytest.raises(ApiConnectionException, match="can't start new thread"):
            await api.pipeline_run_post(RUN)

    with Peer() as peer:
        serve(peer, work)
        assert peer.requests == []


def pickled(client):
    return loads(dumps(client))  # noqa: S301 - our own


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickled])
def test_a_copy_of_a_client_has_threads_of_its_own(duplicate):
    """Closing one leaves the other's alone, also where the first one's had begun."""

    async def work(api, client):
        client.configuration.pickle_token = True
        client.api_client.default_headers["X-Of"] = "both"
        await api.pipeline_run_post(RUN)
        async with duplicate(client) as twin:
            twin.api_client.default_headers["X-Of"] = "twin"
            assert count_threads() == 1
            for _ in range(2):
                await AsyncIngestionApi(twin).pipeline_run_post(RUN)
                await client.close()
            assert count_threads()
        await api.pipeline_run_post(RUN)

    with Peer() as peer:
        serve(peer, work)
        assert [request["X-Of"] for request in peer.requests] == ["both", "twin", "twin", "both"]
