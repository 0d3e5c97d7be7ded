"""The deadline of an awaited call: it runs while the call waits for a thread."""

import asyncio

import pytest
from support.caller import RUN, TOKEN, within
from support.peers import Peer, stall

from gentrace import ApiTypeError, Configuration
from gentrace.aio import AsyncApiClient, AsyncIngestionApi
from gentrace.exceptions import ApiTimeoutException


def serve(peer, work):
    """Run a coroutine function with an API instance that has one thread."""

    async def run():
        configuration = Configuration(
            peer.url, access_token=TOKEN, connection_pool_maxsize=1, retries=0
        )
        async with AsyncApiClient(configuration) as client:
            await work(AsyncIngestionApi(client))

    asyncio.run(run())


def test_a_call_that_finds_no_thread_in_time_is_not_made():
    """However long the call takes that has the thread."""

    async def work(api):
        first = asyncio.create_task(api.pipeline_run_post(RUN, timeout=60))
        await asyncio.to_thread(peer.wait, lambda: peer.requests)
        with within(0.3), pytest.raises(ApiTimeoutException, match="maxsize") as info:
            await api.pipeline_run_post(RUN, timeout=0.3)
        assert (info.value.status, info.value.tries) == (0, 0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first

    with Peer(stall) as peer:
        serve(peer, work)
        assert len(peer.requests) == 1


def test_the_wait_for_a_thread_is_part_of_the_call():
    async def work(api):
        posts = [api.pipeline_run_post(RUN, timeout=seconds) for seconds in (1.5, 2.5)]
        with within(2.5):
            ends = await asyncio.gather(*posts, return_exceptions=True)
        assert [type(end) for end in ends] == [ApiTimeoutException] * 2
        assert "waiting for the answer" in str(ends[1])

    with Peer(stall) as peer:
        serve(peer, work)
        assert len(peer.requests) == 2


def test_a_wrong_timeout_is_refused():
    async def work(api):
        with pytest.raises(ApiTypeError, match="timeout: expected"):
            await api.pipeline_run_post(RUN, timeout="1")

    with Peer() as peer:
        serve(peer, work)
        assert not peer.connections
