"""Waiting until all runs that were there at some moment have ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gentrace.wakeup import Wakeup

if TYPE_CHECKING:
    from gentrace.delivery.run import Run
    from gentrace.delivery.spool_file import SpoolFile


class Flush:
    """How many of the runs that were there when it began have not ended.

    Args:
        last_numbers: the number of the last run at that moment: by file of the spool and, under
            None, of those in memory only.
        remaining: how many runs there were.

    Attributes:
        remaining: how many have not ended.
        is_stopped: whether nobody sends them any more.
        wakeup: is set when none remains or it is stopped.

    """

    def __init__(self, last_numbers: Mapping[SpoolFile | None, int], remaining: int) -> None:
        self._last_numbers = last_numbers
        self.remaining = remaining
        self.is_stopped = False
        self.wakeup = Wakeup()

    @property
    def is_over(self) -> bool:
        """Whether there is nothing to wait for."""
        return self.remaining == 0 or self.is_stopped

    def note_end(self, run: Run) -> None:
        """Note that a run has ended, which counts if it was there."""
        if 0 < run.number <= self._last_numbers.get(run.file, 0):
            self._subtract(1)

    def note_missing(self, file: SpoolFile, count: int) -> None:
        """Note that so many runs are missing from a file, which counts if the file was there."""
        if file in self._last_numbers:
            self._subtract(count)

    def _subtract(self, count: int) -> None:
        self.remaining = max(0, self.remaining - count)
        if self.remaining == 0:
            self.wakeup.set()

    def stop(self) -> None:
        """Note that nobody sends the remaining runs."""
        self.is_stopped = True
        self.wakeup.set()
