"""When a step started, by the clock on the wall, and how long it took, by a steady one."""

from __future__ import annotations

from functools import lru_cache
from time import gmtime, strftime, time_ns

from gentrace.clock import now


def wall_time() -> int:
    """Return the microseconds since the epoch."""
    return time_ns() // 1_000


def steady_time() -> int:
    """Return the microseconds since some moment, by a clock that nobody sets."""
    return int(now() * 1_000_000)


def text_of_time(microseconds: int) -> str:
    """Return a wall time as RFC 3339 has it, in UTC with microseconds."""
    seconds, fraction = divmod(microseconds, 1_000_000)
    return f"{_text_of_seconds(seconds)}.{fraction:06}+00:00"


@lru_cache(maxsize=8)  # most steps start and end in the second of the one before
def _text_of_seconds(seconds: int) -> str:
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(seconds))
