"""Runs that are in files of a spool alone: memory holds a window of the file, in its order."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gentrace.delivery.receipt import Receipt
    from gentrace.delivery.run import Place, Run

WINDOW = 1000
"""How many runs of a file are loaded at a time."""


class Backlog:
    """What is in one file.

    Attributes:
        count: how many runs are in the file alone.
        loaded: the last row that is in memory, or was; those in the file alone come after it.
        last: the last row of all.

    """

    def __init__(self, count: int = 0, last: int = 0) -> None:
        self.count = count
        self.loaded = 0
        self.last = last


class Backlogs:
    """What is in each file."""

    def __init__(self) -> None:
        self._by_place: dict[Place, Backlog] = {}

    def add(self, place: Place, count: int, last_row: int) -> None:
        """Note a file with so many runs, of which none is in memory."""
        self._by_place[place] = Backlog(count, last_row)

    def note_stored(self, run: Run, *, has_room: bool) -> bool:
        """Note a run that was added to a file; tell whether memory holds it too."""
        place = run.place
        assert place is not None  # noqa: S101 - it is stored
        backlog = self._by_place.setdefault(place, Backlog())
        backlog.last = run.row
        # In the file's order: none is in memory while an earlier one is not.
        if has_room and backlog.count == 0:
            backlog.loaded = run.row
            return True
        backlog.count += 1
        if run.receipt is not None:
            place.receipts[run.row] = run.receipt
        return False

    def note_loaded(self, place: Place, runs: list[Run]) -> int:
        """Note that memory holds the next runs of a file; none means that there are no more.

        Returns how many that were counted are not there.
        """
        backlog = self._by_place[place]
        if not runs:
            lost, backlog.count = backlog.count, 0
            return lost
        backlog.loaded = runs[-1].row
        backlog.count -= len(runs)
        return 0

    def next(self) -> tuple[Place, int] | None:
        """Return a file with runs in it alone, and the row beyond which they are."""
        for place, backlog in self._by_place.items():
            if backlog.count:
                return place, backlog.loaded
        return None

    def last_rows(self) -> dict[Place, int]:
        """Return the last row of each file."""
        return {place: backlog.last for place, backlog in self._by_place.items()}

    def receipts(self) -> list[Receipt]:
        """Return the receipts, of those that somebody holds, of runs in files alone."""
        return [r for place in self._by_place for r in list(place.receipts.values())]

    def forget(self, place: Place) -> None:
        """Forget a file."""
        self._by_place.pop(place, None)
