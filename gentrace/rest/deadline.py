"""How long a call may take."""

from __future__ import annotations

from math import inf

from gentrace.clock import now

CLOCK_LIMIT = 1e8
"""Seconds, some three years: longer time-outs are as good as this one, and sockets take it."""


class Deadline:
    """When a call ends, and how long each operation of it may take.

    Attributes:
        connect: seconds for connecting, all addresses of the host together.
        read: seconds for one read or write after that.
        total: seconds that the whole call may take.
        end: when the whole call ends, by `now`.
        covers_stream: whether the end holds for a streamed body too.

    """

    __slots__ = ("_began", "_limit", "connect", "covers_stream", "end", "read", "total")

    def __init__(self, connect: float, read: float, total: float, *, covers_stream: bool) -> None:
        self.connect = min(connect, CLOCK_LIMIT)
        self.read = self._limit = min(read, CLOCK_LIMIT)
        self.total = min(total, CLOCK_LIMIT)
        self.covers_stream = covers_stream
        self._began = now()
        self.end = self._began + self.total

    def left(self) -> float:
        """Return the seconds until the end; negative after it."""
        return self.end - now()

    def begin(self, limit: float) -> float:
        """Begin an operation that may take `limit` seconds; return what it has of them.

        Raises:
            TimeoutError: the call's time is up.

        """
        self._began = now()
        self._limit = limit
        left = self.end - self._began
        if left <= 0:
            raise TimeoutError
        return min(left, limit)

    def expire(self) -> None:
        """End the call's time now."""
        self.end = min(self.end, now())

    def is_up(self) -> bool:
        """Tell whether the call's time is up."""
        return self.left() <= 0

    def explains(self, error: BaseException) -> bool:
        """Tell whether an error may be a time-out of this call.

        What the handler of a signal raises is often a bare `TimeoutError` too. It is told from a
        socket's by coming too early.
        """
        if not isinstance(error, TimeoutError) or error.errno is not None:
            return True
        return now() >= min(self._began + self._limit, self.end) - _TOLERANCE

    def outlive(self) -> None:
        """Let what is under way end whenever it does; each operation keeps its limit."""
        self.end = inf


_TOLERANCE = 0.005
"""Seconds by which the clocks of the system may differ."""
