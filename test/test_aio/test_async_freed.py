"""The thread of a cancelled call is free at once, and its connection is closed."""

import asyncio
import time

import pytest
from support.caller import RUN, TOKEN
from support.peers import Peer, authority_pem, drip, echo, head_of, reply, server_tls, stall

from gentrace import Configuration
from gentrace.aio import AsyncApiClient, AsyncIngestionApi

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
