"""The thread of a cancelled call is free at once, and its connection is closed."""

import asyncio
import threading
import time

import pytest
from support.caller import RUN, TOKEN
from support.peers import Peer, authority_pem, drip, echo, head_of, reply, server_tls, stall

from gentrace import ApiClient, Configuration
from gentrace.aio import AsyncApiClient, AsyncIngestionApi
from gentrace.apis.tags.ingestion_api import IngestionApi

SLOW_BODY = drip(head_of(200, headers={"Content-Length": 99999}), b"x" * 100)
LIMIT = 1.0
"""Seconds that a slow machine may take; it is measured at 0.1 and less on an idle one."""


@pytest.mark.parametrize("tls", [None, server_tls()], ids=["plain", "tls"])
@pytest.mark.parametrize(
    "trouble",
    [stall, SLOW_BODY, reply(503, headers={"Retry-After": "20"})],
    ids=["stall", "slow body", "pause"],
)
def test_a_cancelled_call_frees_its_thread_and_connection(trouble, tls):
    """The one thread serves the next call."""

    async def work():
        settings = {"ssl_ca_cert": authority_pem()} if tls else {}
        configuration = Configuration(
            peer.url, access_token=TOKEN, connection_pool_maxsize=1, **settings
        )
        async with AsyncApiClient(configuration) as client:
            api = AsyncIngestionApi(client)
            call = asyncio.create_task(api.pipeline_run_post(RUN))
            await asyncio.to_thread(peer.wait, lambda: peer.requests and peer.requests[0].whole)
            await asyncio.sleep(0.2)
            begun = time.monotonic()
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            answer = await api.pipeline_run_post(RUN, idempotency_key="next")
            took = time.monotonic() - begun
            assert answer.body["pipelineRunId"] == "next"
            assert took < LIMIT
        assert len(peer.requests) == 2
        peer.wait(lambda: not peer.open)

    with Peer(trouble, echo, tls=tls) as peer:
        asyncio.run(work())


@pytest.mark.parametrize("waiting", [1, 2], ids=["for a slot", "behind another"])
def test_cancelled_calls_that_wait_for_a_connection_free_their_threads(waiting):
    """A streamed response of the blocking client holds the only one; closing waits for threads."""

    async def work():
        configuration = Configuration(peer.url, access_token=TOKEN, connection_pool_maxsize=1)
        client = AsyncApiClient(configuration)
        blocking = IngestionApi(client.api_client)
        held = blocking.pipeline_run_post(RUN, stream=True, skip_deserialization=True)
        clients = [client, *(AsyncApiClient(configuration) for _ in range(waiting - 1))]
        for each in clients:
            each.api_client = client.api_client  # they share its pool, not their threads
        calls = [
            asyncio.create_task(AsyncIngestionApi(each).pipeline_run_post(RUN)) for each in clients
        ]
        await asyncio.sleep(0.2)
        begun = time.monotonic()
        for call in calls:
            call.cancel()
        for each in clients:
            await each.close()
        assert time.monotonic() - begun < LIMIT
        assert all(call.cancelled() for call in calls)
        held.response.close()

    with Peer(echo) as peer:
        asyncio.run(work())


def test_awaited_calls_wait_for_a_connection_in_their_turn():
    """Beside calls of the blocking client, which take it as often."""

    def answer(talk, request):
        talk.pause(0.02)
        echo(talk, request)

    def post():
        while not ends.is_set():
            blocking.pipeline_run_post(RUN)

    async def work():
        async with AsyncApiClient(configuration) as client:
            client.api_client = blocking.api_client
            for _ in range(5):
                await AsyncIngestionApi(client).pipeline_run_post(RUN)
        ends.set()

    ends = threading.Event()
    with Peer(answer) as peer:
        configuration = Configuration(peer.url, access_token=TOKEN, connection_pool_maxsize=1)
        blocking = IngestionApi(ApiClient(configuration))
        threads = [threading.Thread(target=post) for _ in range(8)]
        for thread in threads:
            thread.start()
        asyncio.run(work())
        for thread in threads:
            thread.join()
        assert len(peer.requests) < 5 * 9 * 3
