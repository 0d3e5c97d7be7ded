"""What tests of an awaiting client share."""

import asyncio
import threading

from support.caller import TOKEN

from gentrace import Configuration
from gentrace.aio import AsyncApiClient, AsyncIngestionApi

PATIENCE = 20
"""Seconds after which something hangs."""


def count_threads():
    return sum(thread.name.startswith("gentrace-aio") for thread in threading.enumerate())


def serve(peer, work, **settings):
    """Run a coroutine function with an API instance and its client."""

    async def run():
        configuration = Configuration(peer.url, access_token=TOKEN, **settings)
        async with AsyncApiClient(configuration) as client:
            return await work(AsyncIngestionApi(client), client)

    return asyncio.run(run())
