"""The byte budget: how many bytes of request bodies are in memory at once."""

import logging
from collections.abc import AsyncGenerator
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
    async def reserve(self) -> AsyncGenerator["Reservation"]:
        """Make the reservation of one request; its bytes are released at the end."""
        reservation = Reservation(self)
        try:
            yield reservation
        finally:
            self._used -= reservation.size

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


class Reservation:
    """The bytes of a budget that one request has acquired."""

    def __init__(self, budget: ByteBudget) -> None:
        self._budget = budget
        self.size = 0

    def add(self, size: int) -> None:
        """Acquire more bytes; raises `RequestError` 503 if the budget is exhausted."""
        self._budget.acquire(size)
        self.size += size
