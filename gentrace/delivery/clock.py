"""The clock of a delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gentrace.clock import now, wall_time
from gentrace.system_random import system_random

if TYPE_CHECKING:
    from gentrace.wakeup import Wakeup


class Clock:
    """Tells the time, waits, and draws jitter; tests replace it."""

    def now(self) -> float:
        """Return the seconds of a monotonic clock."""
        return now()

    def time(self) -> float:
        """Return seconds since the epoch, also where a test freezes the time."""
        return wall_time()

    def draw(self, most: float) -> float:
        """Return a random number of seconds from 0 to `most`, as jitter."""
        return system_random.uniform(0, most)

    def wait(self, wakeup: Wakeup, seconds: float | None) -> None:
        """Wait for a wake-up, at most so long; None waits without limit."""
        wakeup.wait(seconds)
