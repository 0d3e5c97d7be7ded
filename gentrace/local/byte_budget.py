"""The byte budget: how many bytes of request bodies are in memory at once."""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from gentrace.local.responses import RequestError

logger = logging.getLogger("gentrace.local")


class ByteBudget:
    """Limits the bytes that all requests in progress hold together, in one event loop.

    At the limit a request fails and does not wait: requests that each hold a part of a body would
    wait for each other forever.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._is_warned = False

    @asynccontextmanager
    async def reserve(self) -> AsyncGenerator[Callable[[int], None]]:
        """Give a function that acquires bytes for one request; they are released at the end."""
        held = 0

        def hold(size: int) -> None:
            nonlocal held
            self.acquire(size)
            held += size

        try:
            yield hold
        finally:
            self._used -= held

    def acquire(self, size: int) -> None:
        """Acquire bytes; raises `RequestError` 503 if the budget is exhausted."""
        if self._used + size > self._limit:
            if not self._is_warned:
                logger.warning(
                    "refused a body: %d bytes of bodies are held, and %d may be at once;"
                    " this is said once",
                    self._used,
                    self._limit,
                )
                self._is_warned = True
            message = f"the server holds at most {self._limit} bytes of bodies at once; try again"
            raise RequestError(503, message, headers={"Retry-After": "1"})
        self._used += size
