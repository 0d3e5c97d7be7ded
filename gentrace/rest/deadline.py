"""The deadline of a call, and the time-outs of its operations."""

from __future__ import annotations

from math import inf

from gentrace.clock import now
from gentrace.configuration import (
    DEFAULT_TIMEOUT,
    TimeoutSetting,
    check_timeout,
    find_total,
    split_timeout,
)

CLOCK_LIMIT = 1e8
"""Seconds, some three years: the longest time-out; sockets refuse much longer ones."""


class Deadline:
    """When a call ends, and how long each operation of it may take.

    Args:
        connect: seconds to connect, all addresses of the host together.
        read: seconds for one read or write after that.
        total: seconds for the whole call.
        covers_stream: whether the end holds for a streamed body too.
        began: when the call began, by `now`; None is now.

    Attributes:
        connect, read, total: the arguments, at most `CLOCK_LIMIT`.
        covers_stream: the argument.
        end: when the whole call ends, by `now`.

    """

    __slots__ = ("_began", "_limit", "connect", "covers_stream", "end", "read", "total")

    def __init__(
        self,
        connect: float,
        read: float,
        total: float,
        *,
        covers_stream: bool,
        began: float | None = None,
    ) -> None:
        self.connect = min(connect, CLOCK_LIMIT)
        self.read = self._limit = min(read, CLOCK_LIMIT)
        self.total = min(total, CLOCK_LIMIT)
        self.covers_stream = covers_stream
        self._began = now() if began is None else began
        self.end = self._began + self.total

    def remaining(self) -> float:
        """Return the seconds until the end; negative after it."""
        return self.end - now()

    def begin(self, limit: float) -> float:
        """Begin an operation that may take `limit` seconds; return how many of them are left.

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
        """Move the end to now."""
        self.end = min(self.end, now())

    def has_passed(self) -> bool:
        """Tell whether the call's time is up."""
        return self.remaining() <= 0

    def may_have_raised(self, error: BaseException) -> bool:
        """Tell whether an error may come from this call rather than from a signal handler.

        Signal handlers often raise a bare `TimeoutError`, as sockets do. That of a socket does not
        come before the time of the operation is up.
        """
        if not isinstance(error, TimeoutError) or error.errno is not None:
            return True
        return now() >= min(self._began + self._limit, self.end) - _TOLERANCE

    def lift(self) -> None:
        """Remove the end; each operation keeps its limit."""
        self.end = inf


_TOLERANCE = 0.005
"""Seconds by which the clocks of the system may differ."""


def start_deadline(
    timeout: TimeoutSetting | None, default: TimeoutSetting, began: float | None = None
) -> Deadline:
    """Return the deadline of a call.

    Args:
        timeout: the call's own time-out; None takes the default.
        default: that of the configuration.
        began: when the call began, by `now`; None is now.

    Raises:
        ApiTypeError: neither a number nor a tuple of two or three.
        ApiValueError: a number that is not above 0 and finite.

    """
    setting = default if timeout is None else check_timeout("timeout", timeout)
    parts = split_timeout(setting, find_total(default) or DEFAULT_TIMEOUT[2])
    # A total bounds a stream too, but for one that the user has not set.
    is_usual = timeout is None and default is DEFAULT_TIMEOUT
    has_total = isinstance(setting, tuple) and find_total(setting) is not None
    return Deadline(*parts, covers_stream=has_total and not is_usual, began=began)
