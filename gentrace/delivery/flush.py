"""Waiting for an end of all runs that are there at some moment."""

from __future__ import annotations

from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gentrace.delivery.run import Place, Run


class Flush:
    """How many of the runs that were there at some moment have not ended.

    Args:
        serial: the number of the last run in memory of that moment.
        rows: the last row of that moment in each file of the spool.
        left: how many there were.

    Attributes:
        left: how many have not ended.
        is_stopped: whether nobody sends them any more.
        wakes: gets an item when one of the two has become so.

    """

    def __init__(self, serial: int, rows: Mapping[Place, int], left: int) -> None:
        self._serial = serial
        self._rows = rows
        self.left = left
        self.is_stopped = False
        self.wakes: SimpleQueue[None] = SimpleQueue()

    def count(self, run: Run) -> None:
        """Count a run that has ended, if it was there."""
        if run.place is None:
            was_there = 0 < run.serial <= self._serial
        else:
            was_there = run.row <= self._rows.get(run.place, 0)
        if was_there:
            self._subtract(1)

    def lose(self, place: Place, count: int) -> None:
        """Count runs that are in a file no more."""
        if count and place in self._rows:
            self._subtract(count)

    def _subtract(self, count: int) -> None:
        self.left = max(0, self.left - count)
        if self.left == 0:
            self.wakes.put(None)

    def stop(self) -> None:
        """Note that nobody sends what is left."""
        self.is_stopped = True
        self.wakes.put(None)
