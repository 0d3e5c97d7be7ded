"""The clocks of steps: the wall clock for the start, a monotonic one for the elapsed time."""

from __future__ import annotations

from functools import lru_cache
from time import gmtime, strftime, time_ns

from gentrace.clock import now


def wall_microseconds() -> int:
    """Return the microseconds since the epoch."""
    return time_ns() // 1_000


def monotonic_microseconds() -> int:
    """Return the microseconds of a monotonic clock."""
    return int(now() * 1_000_000)


def format_time(microseconds: int) -> str:
    """Return a wall time in RFC 3339 format, in UTC with microseconds."""
    seconds, fraction = divmod(microseconds, 1_000_000)
    return _format_seconds(seconds) % fraction


@lru_cache(maxsize=8)  # most steps start and end within a second of the previous one
def _format_seconds(seconds: int) -> str:
    """Return the format of the times within a second, without their microseconds."""
    return strftime("%Y-%m-%dT%H:%M:%S.%%06d+00:00", gmtime(seconds))
