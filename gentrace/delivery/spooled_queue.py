"""The runs of a delivery with a spool: all are on disk, memory holds a window of them.

In each file of the spool runs have rows, in the order in which they were accepted. Memory holds
the next ones of a file, without their bodies; those beyond its last loaded row are in the file
alone. A body is read back when its run is taken, and the run leaves the file when it ends. What
cannot be written is held in memory as without a spool.

Whoever calls takes turns; reading and writing happen in these, so that no two do.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, cast

from gentrace.delivery.pauses import most_wait
from gentrace.delivery.queue import RunQueue
from gentrace.delivery.run import OVERHEAD, Run
from gentrace.delivery.spool_file import is_damage

if TYPE_CHECKING:
    from collections.abc import Callable

    from gentrace.delivery.limits import Limits
    from gentrace.delivery.receipt import DeliveryError, Receipt
    from gentrace.delivery.spool import Spool
    from gentrace.delivery.spool_file import SpoolFile

WINDOW = 1000
"""How many runs of a file are loaded at a time."""


class SpooledQueue(RunQueue):
    """The states of `RunQueue`, of runs that are in the files of a spool.

    Args:
        limits, draw, count_drop: as for `RunQueue`.
        spool: the files.

    """

    full = "spool_full"

    def __init__(
        self,
        limits: Limits,
        draw: Callable[[float], float],
        count_drop: Callable[[str], None],
        spool: Spool,
    ) -> None:
        super().__init__(limits, draw, count_drop)
        self._spool = spool

    def accept(self, run: Run) -> None:
        """Store a run, and queue it; nothing else is between it and the disk when this returns."""
        if self.is_closed:
            super().accept(run)
            return
        body = cast("bytes", run.body)
        is_stored = self._spool.store(run, body)
        if is_stored is None:
            super().accept(run)
            return
        if not is_stored:
            self.turn_away(run, self.full)
            return
        file = cast("SpoolFile", run.file)
        # In the file's order: none is in memory while an earlier one is not.
        if file.waiting == 0 and self._has_room(OVERHEAD):
            stats = self.stats.moved(accepted=1, queued=1, held=OVERHEAD)
            # No interrupt can come in between stores and the call after them.
            run.is_accepted, run.held, run.body = True, OVERHEAD, None
            file.loaded = run.number
            self.stats = stats
            self._fresh.append(run)
        else:
            file.receipts[run.number] = cast("Receipt", run.receipt)
            stats = self.stats.moved(accepted=1, queued=1)
            run.is_accepted, run.body = True, None
            file.waiting += 1
            self.stats = stats

    def adopt(self, file: SpoolFile) -> None:
        """Queue all runs of a file of a process that is gone."""
        if self._spool.add(file):
            self.stats = self.stats.moved(accepted=file.waiting, queued=file.waiting)

    def take(self, now: float) -> Run | float:
        """Return the run to try now with its body, or else how many seconds to wait."""
        if not self._fresh:
            self._load()
        run = super().take(now)
        if not isinstance(run, Run) or run.file is None:
            return run
        try:
            body = self._spool.body(run)
        except Exception as error:  # noqa: BLE001 - whatever it is, the run is in flight no more
            self._spool.say_unreadable(error)
            if is_damage(error):
                self.expire(run)
            else:
                self._put_off(run, now)
            return 0.0
        if body is None:
            self.expire(run)
            return 0.0
        run.body = body
        return run

    def expire(self, run: Run) -> None:
        """Drop a run that was in the spool for too long, or is there no more."""
        self._land(run)
        self.pauses.pass_by(run)
        self._drop_landed(run, "expired", None)

    def _put_off(self, run: Run, now: float) -> None:
        """Queue a run again that cannot be read now, for which the server is not to blame."""
        self._land(run)
        self.pauses.pass_by(run)
        run.failures += 1
        run.due = now + self._draw(most_wait(run.failures))
        self.stats = self.stats.moved(in_flight=-1, queued=1, held=OVERHEAD - run.held)
        run.held = OVERHEAD
        self._tried[run] = None

    def _load(self) -> None:
        """Hold the next runs in memory of the first file that has some in it alone."""
        for file in self._spool.files():
            if file.waiting and not self._fresh:
                self._load_from(file)

    def _load_from(self, file: SpoolFile) -> None:
        others = len(self._tried) + len(self._flying)
        room = (self._limits.max_bytes - self.stats.bytes) // OVERHEAD
        count = min(self._limits.max_runs - others, room, WINDOW)
        if count <= 0 and others:
            return
        try:
            rows = file.load(file.loaded, max(1, count))  # one goes through whatever is allowed
        except sqlite3.Error as error:
            self._spool.say_unreadable(error)
            return
        if not rows:
            self._lose(file)
        for row, key, accepted_at, size in rows:
            receipt = file.receipts.pop(row, None)
            run = Run(key, size=size, receipt=receipt, accepted_at=accepted_at)
            run.file, run.number, run.held = file, row, OVERHEAD
            file.loaded = row
            file.waiting -= 1
            self.stats = self.stats.moved(held=OVERHEAD)
            self._fresh.append(run)

    def _lose(
        self, file: SpoolFile, reason: str = "expired", cause: Exception | None = None
    ) -> None:
        """Drop runs that were counted and are in a file no more."""
        lost, file.waiting = file.waiting, 0
        for _ in range(lost):
            self.stats = self.stats.moved(queued=-1, dropped=reason)
            self._count_drop(reason)
        for flush in self._flushes:
            flush.lose(file, lost)
        for receipt in list(file.receipts.values()):
            self._end_receipt(receipt, reason, cause)

    def look_after(self) -> None:
        """Do what is to be done about once a second."""
        self._spool.look_after()

    def abandon(self, cause: Exception | None) -> None:
        """Drop what is on no disk as closed, leave the rest in the spool, and close that."""
        super().abandon(cause)
        for file in self._gone():
            self._lose(file, "closed", cause)
            file.receipts.clear()
        for receipt in self._receipts_of_files():
            self._end_receipt(receipt, "spooled", cause)
        self._spool.close()

    def _gone(self) -> list[SpoolFile]:
        return [file for file in self._spool.files() if not file.is_there()]

    def receipts(self) -> list[Receipt]:
        """Return the receipts, of those that somebody holds, of the runs that are left."""
        return super().receipts() + self._receipts_of_files()

    def _receipts_of_files(self) -> list[Receipt]:
        return [r for file in self._spool.files() for r in list(file.receipts.values())]

    def _last_numbers(self) -> dict[SpoolFile | None, int]:
        return {**super()._last_numbers(), **{f: f.last_row for f in self._spool.files()}}

    def _end(self, run: Run, outcome: str | DeliveryError) -> None:
        # First of all: whoever learns that the run has ended may close the file.
        if run.file is not None:
            run.file.remove(run.number, run.size, self._limits.spool_max_bytes)
        super()._end(run, outcome)
