"""The byte budget: how many bytes of request bodies are in memory at once."""

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager

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

    @contextmanager
    def reserve(self) -> Generator[Callable[[int], None]]:
        """Give a function that acquires bytes for one request; they are released at the end.

        It raises `RequestError` 503 if the budget is exhausted.
        """
        held = 0

        def hold(size: int) -> None:
            nonlocal held
            if self._used + size > self._limit:
                raise self._refuse()
            self._used += size
            held += size

        try:
            yield hold
        finally:
            self._used -= held

    def _refuse(self) -> RequestError:
        """Build the error of a body for which there is no room, and warn of the first one."""
        if not self._is_warned:
            logger.warning(
                "refused a body: %d bytes of bodies are held, and %d may be at once;"
                " this is said once",
                self._used,
                self._limit,
            )
            self._is_warned = True
        message = f"the server holds at most {self._limit} bytes of bodies at once; try again"
        return RequestError(503, message, headers={"Retry-After": "1"})
