"""The runs of a delivery with a spool: all are on disk, memory holds a window of them.

Each file of the spool has its runs as rows, in the order in which they were accepted. Memory holds
the next ones of a file, without their bodies; the unloaded ones come after them. A body is read
when its run is taken, and the run is removed from the file when it ends. A run that cannot be
written to the spool is held in memory, as without one.

The caller runs one method at a time, and files are read and written in these methods only.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from gentrace.delivery.queue import RunQueue
from gentrace.delivery.run import OVERHEAD, Run
from gentrace.delivery.spool_file import SpoolFile, is_damage

if TYPE_CHECKING:
    from gentrace.delivery.limits import Limits
    from gentrace.delivery.receipt import DeliveryError, Receipt
    from gentrace.delivery.spool import Spool

WINDOW = 1000
"""How many runs of a file are loaded at a time."""

UNREAD_INTERVAL = 0.25
"""Seconds after which a worker tries another run, where it could not read the probe of a pause."""


class SpooledQueue(RunQueue):
    """The states of `RunQueue`, for runs in the files of a spool.

    Args:
        limits, draw, count_drop: as for `RunQueue`.
        spool: the files.

    """

    full = "spool_full"

    def __init__(
        self,
        limits: Limits,
        draw: Callable[[float], float],
        count_drop: Callable[[str, Exception | None], None],
        spool: Spool,
    ) -> None:
        super().__init__(limits, draw, count_drop)
        self._spool = spool

    def accept(self, run: Run) -> None:
        """Store a run, and queue it; when this returns, `kill -9` does not lose it."""
        if self.is_closed:
            super().accept(run)
            return
        outcome = self._spool.store(run, cast("bytes", run.body))
        if outcome == "failed":
            super().accept(run)
        elif outcome == "full":
            self.reject(run, self.full)
        else:
            self._accept_stored(run, cast("SpoolFile", run.file))

    def _accept_stored(self, run: Run, file: SpoolFile) -> None:
        # Runs are loaded in the file's order: this one only if no earlier one is unloaded.
        is_loaded = file.unloaded == 0 and self._has_room(OVERHEAD)
        held = OVERHEAD if is_loaded else 0
        if not is_loaded:
            file.receipts[run.number] = cast("Receipt", run.receipt)
        stats = self.stats.moved(accepted=1, queued=1, held=held)
        # No interrupt can come in between these assignments and the call after them.
        run.is_accepted, run.held, run.body = True, held, None
        self.stats = stats
        if is_loaded:
            file.last_loaded = run.number
            self._untried.append(run)
        else:
            file.unloaded += 1

    def adopt(self, file: SpoolFile) -> None:
        """Queue all runs of a file that was claimed."""
        if self._spool.add(file):
            self.stats = self.stats.moved(accepted=file.unloaded, queued=file.unloaded)

    def take(self, now: float) -> Run | float:
        """Return the run to try now with its body, or else how many seconds to wait."""
        if not self._untried:
            self._load()
        run = super().take(now)
        if not isinstance(run, Run) or run.file is None:
            return run
        try:
            body = self._spool.body(run)
        except Exception as error:  # noqa: BLE001 - whatever it is, the run is in flight no more
            self._spool.warn_unreadable(error)
            if not is_damage(error):
                return self._requeue_unread(run, now)
            self.expire(run)
            return 0.0
        if body is None:
            self.expire(run)
            return 0.0
        run.body = body
        return run

    def expire(self, run: Run) -> None:
        """Drop a run that was in the spool for too long, or is missing from it."""
        self._remove_in_flight(run)
        self.breaker.end_probe(run)
        self._drop_in_flight(run, "expired", None)

    def _requeue_unread(self, run: Run, now: float) -> float:
        """Queue a run again that cannot be read now; return how many seconds to wait.

        The breaker counts no failure for that.
        """
        self._remove_in_flight(run)
        self.breaker.end_probe(run)
        self._back_off(run, now)
        self._put_back(run)
        # The probe of a pause waits for no backoff of its run.
        return UNREAD_INTERVAL if self.breaker.is_paused else 0.0

    def _load(self) -> None:
        """Load the next runs of the first file that has unloaded ones."""
        for file in self._spool.files():
            if file.unloaded and not self._untried:
                self._load_from(file)

    def _load_from(self, file: SpoolFile) -> None:
        others = len(self._requeued) + len(self._in_flight)
        room = (self._limits.max_bytes - self.stats.bytes) // OVERHEAD
        count = min(self._limits.max_runs - others, room, WINDOW)
        if count <= 0 and others:
            return
        try:
            rows = file.load(file.last_loaded, max(1, count))  # if nothing is held, one always fits
        except sqlite3.Error as error:
            self._spool.warn_unreadable(error)
            return
        if not rows:
            self._drop_missing(file)
        for row, key, accepted_at, size in rows:
            receipt = file.receipts.pop(row, None)
            run = Run(key, size=size, receipt=receipt, accepted_at=accepted_at)
            run.file, run.number, run.held = file, row, OVERHEAD
            file.last_loaded = row
            file.unloaded -= 1
            self.stats = self.stats.moved(held=OVERHEAD)
            self._untried.append(run)

    def _drop_missing(
        self, file: SpoolFile, reason: str = "expired", cause: Exception | None = None
    ) -> None:
        """Drop the unloaded runs of a file, which are missing from it."""
        missing, file.unloaded = file.unloaded, 0
        for _ in range(missing):
            self.stats = self.stats.moved(queued=-1, dropped=reason)
            self._count_drop(reason, cause)
        for flush in self._flushes:
            flush.note_missing(file, missing)
        for receipt in list(file.receipts.values()):
            self._end_receipt(receipt, reason, cause)

    def maintain(self) -> None:
        """Maintain the files, about once a second."""
        self._spool.maintain()

    def abandon(self, cause: Exception | None) -> None:
        """Drop the runs that are in memory only as closed; leave the rest in the spool, closed."""
        super().abandon(cause)
        for file in self._missing_files():
            self._drop_missing(file, "closed", cause)
        for receipt in self._unloaded_receipts():
            self._end_receipt(receipt, "spooled", cause)
        self._spool.close()

    def _missing_files(self) -> list[SpoolFile]:
        return [file for file in self._spool.files() if not file.exists()]

    def receipts(self) -> list[Receipt]:
        """Return the receipts, if somebody holds them, of the runs that have not ended."""
        return super().receipts() + self._unloaded_receipts()

    def _unloaded_receipts(self) -> list[Receipt]:
        return [r for file in self._spool.files() for r in list(file.receipts.values())]

    def _last_numbers(self) -> dict[SpoolFile | None, int]:
        return {**super()._last_numbers(), **{f: f.last_row for f in self._spool.files()}}

    def _end(self, run: Run, outcome: str | DeliveryError) -> None:
        # First of all: whoever learns that the run has ended may close the file.
        if run.file is not None:
            run.file.remove(run.number, run.size, self._limits.spool_max_bytes)
        super()._end(run, outcome)
