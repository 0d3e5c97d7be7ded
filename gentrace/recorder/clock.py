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

    def elapsed(self) -> timedelta:
        """Return the time since the start, never negative."""
        return timedelta(microseconds=max(0, monotonic_ns() - self._ticks) // 1_000)


def in_milliseconds(elapsed: timedelta) -> int:
    """Return a duration in whole milliseconds, rounded."""
    return (elapsed // _MICROSECOND + 500) // 1_000


def format_time(moment: datetime) -> str:
    """Return an aware time in UTC as RFC 3339 has it, with microseconds."""
    return f"{moment.isoformat(timespec='microseconds')[:-6]}Z"


_MICROSECOND = timedelta(microseconds=1)
