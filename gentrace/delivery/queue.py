"""The runs of a delivery and what becomes of them.

::

                 accept                  take                  deliver (2xx)
    (the caller) ──────▶ queued ───────────────────▶ in flight ──────────▶ delivered
         │                │  ▲                         │    │
         │                │  │   keep: trouble, or     │    │ refuse: 3xx, 4xx
         │ turn_away:     │  │   deny: 401 and 403     │    │ expire
         │ queue_full,    │  └─────────────────────────┘    │ abandon: closed
         │ spool_full,    │                                 │
         │ mask_failed,   │ abandon: closed                 ▼
         │ closed         └───────────────────────────▶ dropped[reason]
         │                                                  ▲
         └──────────────────────────────────────────────────┘

    (another process) ── adopt ──▶ queued

Each arrow is one method, each changes the counters once, so that always
accepted = delivered + queued + in_flight + all dropped. A run that is dropped at the door is
accepted and dropped. Runs in a spool stay queued when the delivery is abandoned.

Nothing here knows threads, asks a clock, or reads and writes: whoever calls takes turns.
"""

from __future__ import annotations

from collections import deque
from math import inf
from typing import TYPE_CHECKING

from gentrace.delivery.backlog import WINDOW, Backlogs
from gentrace.delivery.flush import Flush
from gentrace.delivery.pauses import most_wait
from gentrace.delivery.receipt import DeliveryError
from gentrace.delivery.run import OVERHEAD, Run
from gentrace.delivery.stats import DeliveryStats

if TYPE_CHECKING:
    from collections.abc import Callable

    from gentrace.delivery.pauses import Pauses
    from gentrace.delivery.receipt import Receipt
    from gentrace.delivery.run import Place

STRIKES = 5
"""A run that failed so often while others were delivered in between is given up."""


class RunQueue:
    """The state above.

    Args:
        pauses: when to try.
        draw: draws a wait from 0 to its argument, in seconds.
        max_runs: how many runs it holds in memory.
        max_bytes: how many bytes it holds in memory.
        full: the reason of a drop when it holds as much as it may.

    Attributes:
        stats: the counters.
        backlogs: the runs that are in files of a spool alone.
        endings: what receipts are to end with, in order; whoever took the turn ends them.
        is_closed: whether new runs are dropped.
        is_abandoned: whether nobody sends what is left.

    """

    def __init__(
        self,
        pauses: Pauses,
        draw: Callable[[float], float],
        *,
        max_runs: int,
        max_bytes: int,
        full: str = "queue_full",
    ) -> None:
        self._pauses = pauses
        self._draw = draw
        self._max_runs = max_runs
        self._max_bytes = max_bytes
        self._full = full
        self._fresh: deque[Run] = deque()
        # In the order of their last tries: a dict keeps it, and finds one to remove.
        self._tried: dict[Run, None] = {}
        self._flying: dict[Run, None] = {}
        self._flushes: list[Flush] = []
        self._serial = 0
        self.stats = DeliveryStats()
        self.backlogs = Backlogs()
        self.endings: deque[tuple[Receipt, str | DeliveryError]] = deque()
        self.is_closed = False
        self.is_abandoned = False

    # Into it.

    def accept(self, run: Run) -> str | None:
        """Queue a run in memory, or drop it; return the reason of that, None if it is in."""
        if self.is_closed:
            self.turn_away(run, "closed")
            return "closed"
        if not self._has_room(run.held):
            self.turn_away(run, self._full)
            return self._full
        if run.body is not None:
            # Exactly as long as it is: orjson leaves its text in a buffer of 128 KiB.
            run.body = bytes(memoryview(run.body))
        self._serial += 1
        run.serial = self._serial
        # Counted first: nothing can come in between a store and the call after it.
        self.stats = self.stats.moved(accepted=1, queued=1, held=run.held)
        self._fresh.append(run)
        return None

    def accept_stored(self, run: Run) -> None:
        """Queue a run that is in a file of the spool; in memory too, if there is room."""
        if self.is_abandoned:  # it was being written meanwhile
            self.stats = self.stats.moved(accepted=1, queued=1)
            self._leave(run.receipt, None)
        elif self.backlogs.note_stored(run, has_room=self._has_room(run.held)):
            self.stats = self.stats.moved(accepted=1, queued=1, held=run.held)
            self._fresh.append(run)
        else:
            self.stats = self.stats.moved(accepted=1, queued=1)

    def adopt(self, place: Place, count: int, last_row: int) -> None:
        """Queue all runs of a file of another process; `last_row` is that of the last one."""
        self.stats = self.stats.moved(accepted=count, queued=count)
        self.backlogs.add(place, count, last_row)

    def load(self, place: Place, runs: list[Run]) -> None:
        """Hold runs in memory that were in a file alone, the next ones of it.

        None means that the file has no more, whatever was counted: those are dropped.
        """
        lost = self.backlogs.note_loaded(place, runs)
        for _ in range(lost):
            self.stats = self.stats.moved(queued=-1, dropped="expired")
        for flush in self._flushes:
            flush.lose(place, lost)
        for run in runs:
            self.stats = self.stats.moved(held=run.held)
            self._fresh.append(run)

    def wanted(self) -> tuple[Place, int, int] | None:
        """Return from which file to load runs, beyond which row and how many; None for none."""
        if self._fresh:
            return None
        runs = self._max_runs - len(self._tried) - len(self._flying)
        count = min(runs, (self._max_bytes - self.stats.bytes) // OVERHEAD, WINDOW)
        found = self.backlogs.next() if count > 0 else None
        return None if found is None else (*found, count)

    def turn_away(self, run: Run, reason: str) -> None:
        """Drop a run at the door."""
        self.stats = self.stats.moved(accepted=1, dropped=reason)
        self._end(run, DeliveryError(reason, run.key))

    def _has_room(self, size: int) -> bool:
        held = len(self._fresh) + len(self._tried) + len(self._flying)
        return held < self._max_runs and self.stats.bytes + size <= self._max_bytes

    # Through it.

    def take(self, now: float) -> Run | float:
        """Return the run to try now, or else how many seconds to wait, `inf` for something new."""
        wait = self._pauses.wait(now, len(self._flying))
        if wait > 0:
            return wait
        run = self._next(now)
        if not isinstance(run, Run):
            return run
        to_read = 0 if run.place is None else run.size
        if self._flying and self.stats.bytes + to_read > self._max_bytes:
            return inf
        if self._fresh and run is self._fresh[0]:
            self._fresh.popleft()
        else:
            del self._tried[run]
        self._pauses.start(run)
        run.is_read = run.place is not None
        self.stats = self.stats.moved(queued=-1, in_flight=1, held=to_read)
        self._flying[run] = None
        return run

    def _next(self, now: float) -> Run | float:
        if self._pauses.is_open and self._tried:
            soonest = min(self._tried, key=lambda run: run.due)
            if soonest.due <= now:
                return soonest
            if not self._fresh:
                return soonest.due - now
        if self._fresh:
            return self._fresh[0]
        return next(iter(self._tried), inf)

    def deliver(self, run: Run, run_id: str) -> None:
        """Note that the server has stored a run; nothing, here as below, if it was given up."""
        if not self._land(run):
            return
        self._pauses.succeed(run)
        self.stats = self.stats.moved(in_flight=-1, delivered=1, held=-run.held)
        self._end(run, run_id)

    def refuse(self, run: Run, cause: Exception | None) -> None:
        """Drop a run that the server does not take."""
        self._drop(run, "refused", cause)

    def expire(self, run: Run) -> None:
        """Drop a run that was in the spool for too long, or is there no more."""
        self._drop(run, "expired", None)

    def keep(self, run: Run, now: float, asked: float | None, cause: Exception | None) -> None:
        """Queue a run again that failed in a way that may pass.

        `asked` is how many seconds the server wants to have, None if it does not say.
        """
        if not self._land(run):
            return
        self._pauses.fail(run, now, asked)
        run.failures += 1
        run.due = now + self._draw(most_wait(run.failures))
        self._put_back(run, cause)

    def deny(self, run: Run, now: float, settings: object, cause: Exception | None) -> bool:
        """Queue a run again as token or settings are no good; tell whether a pause begins."""
        if not self._land(run):
            return False
        is_new = self._pauses.deny(run, now, settings)
        run.failures += 1
        run.due = now
        self._put_back(run, cause)
        return is_new

    def _put_back(self, run: Run, cause: Exception | None) -> None:
        if self.stats.delivered > run.seen:
            run.strikes += 1
            run.seen = self.stats.delivered
        if run.strikes >= STRIKES:
            self._drop_landed(run, "refused", cause)
            return
        held = run.held
        run.is_read = False
        self.stats = self.stats.moved(in_flight=-1, queued=1, held=run.held - held)
        self._tried[run] = None

    def _land(self, run: Run) -> bool:
        if run not in self._flying:
            return False
        del self._flying[run]
        return True

    def _drop(self, run: Run, reason: str, cause: Exception | None) -> None:
        if self._land(run):
            self._pauses.pass_by(run)
            self._drop_landed(run, reason, cause)

    def _drop_landed(self, run: Run, reason: str, cause: Exception | None) -> None:
        self.stats = self.stats.moved(in_flight=-1, dropped=reason, held=-run.held)
        self._end(run, _error(reason, run.key, cause))

    def hurry(self, now: float) -> None:
        """Have all that waits tried now, but for what the server asked to wait for."""
        self._pauses.hurry(now)
        for run in self._tried:
            run.due = min(run.due, now)

    # Out of it.

    def flush(self) -> Flush:
        """Return what tells when all runs of now have ended."""
        left = self.stats.queued + self.stats.in_flight
        flush = Flush(self._serial, self.backlogs.last_rows(), left)
        if self.is_abandoned:
            flush.stop()
        elif flush.left:
            self._flushes.append(flush)
        return flush

    def forget(self, flush: Flush) -> None:
        """Count for a flush no longer."""
        if flush in self._flushes:
            self._flushes.remove(flush)

    def abandon(self, cause: Exception | None) -> int:
        """Drop what is in memory alone as closed, leave the rest in the spool.

        Returns how many runs are dropped.
        """
        self.is_abandoned = True
        dropped = 0
        left = [(run, 0) for run in [*self._fresh, *self._tried]]
        left += [(run, 1) for run in self._flying]
        self._fresh.clear()
        self._tried.clear()
        self._flying.clear()
        for run, flying in left:
            if run.place is None:
                self.stats = self.stats.moved(
                    queued=flying - 1, in_flight=-flying, dropped="closed", held=-run.held
                )
                dropped += 1
                self._end(run, _error("closed", run.key, cause))
            else:
                self.stats = self.stats.moved(queued=flying, in_flight=-flying, held=-run.held)
                self._leave(run.receipt, cause)
        for receipt in self.backlogs.receipts():
            self._leave(receipt, cause)
        for flush in self._flushes:
            flush.stop()
        return dropped

    def receipts(self) -> list[Receipt]:
        """Return the receipts of the runs that are left."""
        left = [*self._fresh, *self._tried, *self._flying]
        held = [run.receipt for run in left if run.receipt is not None]
        return held + self.backlogs.receipts()

    def _leave(self, receipt: Receipt | None, cause: Exception | None) -> None:
        if receipt is not None:
            error = _error("spooled", receipt.idempotency_key, cause)
            self.endings.append((receipt, error))

    def _end(self, run: Run, outcome: str | DeliveryError) -> None:
        run.body = None
        run.is_over = True
        if run.receipt is not None:
            self.endings.append((run.receipt, outcome))
        for flush in self._flushes:
            flush.count(run)


def _error(reason: str, key: str, cause: Exception | None) -> DeliveryError:
    error = DeliveryError(reason, key)
    error.__cause__ = cause
    return error
