"""How much of the bodies that are being sent is held at once."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from gentrace.local.refusal import Refusal

logger = logging.getLogger("gentrace.local")


class ByteBudget:
    """Bounds the bytes that all requests under way hold together; for one event loop.

    It refuses rather than waits: those who hold a part of a body would wait for each other.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0
        self._said = False

    @asynccontextmanager
    async def hold(self) -> AsyncGenerator["Hold"]:
        """Take bytes for one request, which are given back at its end."""
        hold = Hold(self)
        try:
            yield hold
        finally:
            self._held -= hold.size

    def take(self, size: int) -> None:
        """Take so many bytes; `Refusal` 503 if they are not there."""
        if self._held + size > self._limit:
            if not self._said:
                logger.warning(
                    "refused a body: %d bytes of bodies are held, which is the most at once;"
                    " this is said once",
                    self._held,
                )
                self._said = True
            words = f"the server holds at most {self._limit} bytes of bodies at once; try again"
            raise Refusal(503, words, headers={"Retry-After": "1"})
        self._held += size


class Hold:
    """What one request holds of a budget."""

    def __init__(self, budget: ByteBudget) -> None:
        self._budget = budget
        self.size = 0

    def add(self, size: int) -> None:
        """Hold so many bytes more; `Refusal` 503 if they are not there."""
        self._budget.take(size)
        self.size += size
