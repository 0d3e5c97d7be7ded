"""The time as a delivery sees it."""

from __future__ import annotations

import random
from contextlib import suppress
from queue import Empty, SimpleQueue

from gentrace.clock import now, wall_time


class Clock:
    """Tells the time, waits for it, and draws waits: another one can be put in its place."""

    def now(self) -> float:
        """Return seconds that only go forward, since some moment."""
        return now()

    def time(self) -> float:
        """Return seconds since the epoch, by the clock on the wall, also where tests freeze it."""
        return wall_time()

    def draw(self, most: float) -> float:
        """Return a random wait of at most so many seconds."""
        return random.uniform(0, most)  # noqa: S311 - no secret

    def wait(self, wakes: SimpleQueue[None], seconds: float | None) -> None:
        """Wait until something is put into a queue, at most so long; None waits without limit."""
        with suppress(Empty):
            wakes.get(timeout=seconds)
