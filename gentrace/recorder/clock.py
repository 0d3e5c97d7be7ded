"""When something started, by the clock on the wall, and how long it took, by a steady one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import monotonic_ns


class Stopwatch:
    """The start of something, from when it is made.

    Attributes:
        started: the aware time of the start, in UTC.

    """

    __slots__ = ("_ticks", "started")

    def __init__(self) -> None:
        self.started = datetime.now(UTC)
        self._ticks = monotonic_ns()

    def elapsed(self) -> int:
        """Return the microseconds since the start, never negative."""
        return max(0, monotonic_ns() - self._ticks) // 1_000

    def after(self, elapsed: int) -> datetime:
        """Return the time so many microseconds after the start, in UTC."""
        return self.started + timedelta(microseconds=elapsed)


def in_milliseconds(elapsed: int) -> int:
    """Return microseconds in whole milliseconds, rounded."""
    return (elapsed + 500) // 1_000
