"""Random waits, so that clients that failed together do not retry together."""

from __future__ import annotations

from random import SystemRandom


def draw_seconds(least: float, most: float) -> float:
    """Return a random number of seconds between two bounds."""
    return _system.uniform(least, most)


_system = SystemRandom()
"""It leaves the numbers of the program's `random` alone, and differs in forks and equal seeds."""
