"""Waiting for an end of all runs that are there at some moment."""

from __future__ import annotations

from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gentrace.delivery.run import Run
    from gentrace.delivery.spool_file import SpoolFile


class Flush:
    """How many of the runs that were there at some moment have not ended.

    Args:
        last: the number of the last run of that moment, in each file of the spool and, under
            None, in memory alone.
        left: how many there were.

    Attributes:
        left: how many have not ended.
        is_stopped: whether nobody sends them any more.
        wakes: gets an item when one of the two has become so.

    """

    def __init__(self, last: Mapping[SpoolFile | None, int], left: int) -> None:
        self._last = last
        self.left = left
        self.is_stopped = False
        self.wakes: SimpleQueue[None] = SimpleQueue()

    @property
    def is_over(self) -> bool:
        """Whether there is nothing to wait for."""
        return self.left == 0 or self.is_stopped

    def count(self, run: Run) -> None:
        """Count a run that has ended, if it was there."""
        if 0 < run.number <= self._last.get(run.file, 0):
            self._subtract(1)

    def lose(self, file: SpoolFile, count: int) -> None:
        """Count runs that are in a file no more."""
        if file in self._last:
            self._subtract(count)

    def _subtract(self, count: int) -> None:
        self.left = max(0, self.left - count)
        if self.left == 0:
            self.wakes.put(None)

    def stop(self) -> None:
        """Note that nobody sends what is left."""
        self.is_stopped = True
        self.wakes.put(None)
