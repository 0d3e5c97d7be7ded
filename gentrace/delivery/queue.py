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
accepted and dropped. Runs in a spool stay queued when the delivery is abandoned; what is peculiar
to them (`adopt`, `expire`) is in `spooled_queue`.

Nothing here knows threads, asks a clock, or reads and writes: whoever calls takes turns. `accept`
and `turn_away` may be called again where an interrupt came before `Run.is_accepted` was set.
"""

from __future__ import annotations

from collections import deque
from math import inf
from typing import TYPE_CHECKING

from gentrace.delivery.flush import Flush
from gentrace.delivery.pauses import Pauses, most_wait
from gentrace.delivery.receipt import DeliveryError
from gentrace.delivery.run import OVERHEAD, Run
from gentrace.delivery.stats import DeliveryStats

if TYPE_CHECKING:
    from collections.abc import Callable

    from gentrace.delivery.limits import Limits
    from gentrace.delivery.receipt import Receipt
    from gentrace.delivery.spool_file import SpoolFile

STRIKES = 5
"""A run that failed so often while others were delivered in between is given up."""


class RunQueue:
    """The state above.

    Args:
        limits: how many runs and bytes it holds in memory.
        draw: draws a wait from 0 to its argument, in seconds.
        count_drop: is told the reason of each drop.

    Attributes:
        pauses: when to try.
        stats: the counters.
        endings: what receipts are to end with, in order; whoever took the turn ends them.
        is_closed: whether new runs are dropped.

    """

    full = "queue_full"
    """The reason of a drop when it holds as much as it may."""

    def __init__(
        self,
        limits: Limits,
        draw: Callable[[float], float],
        count_drop: Callable[[str], None],
    ) -> None:
        self.pauses = Pauses(draw)
        self._draw = draw
        self._limits = limits
        self._count_drop = count_drop
        self._fresh: deque[Run] = deque()
        # In the order of their last tries: a dict keeps it, and finds one to remove.
        self._tried: dict[Run, None] = {}
        self._flying: dict[Run, None] = {}
        self._flushes: list[Flush] = []
        self._last = 0
        self._is_abandoned = False
        self.stats = DeliveryStats()
        self.endings: deque[tuple[Receipt, str | DeliveryError]] = deque()
        self.is_closed = False

    # Into it.

    def accept(self, run: Run) -> None:
        """Queue a run, or drop it if there is no room or the delivery is closed."""
        held = OVERHEAD + run.size
        if self.is_closed:
            self.turn_away(run, "closed")
        elif not self._has_room(held):
            self.turn_away(run, self.full)
        else:
            self._last += 1
            run.number = self._last
            run.held = held
            stats = self.stats.moved(accepted=1, queued=1, held=held)
            # No interrupt can come in between stores and the call after them.
            run.is_accepted = True
            self.stats = stats
            self._fresh.append(run)

    def turn_away(self, run: Run, reason: str) -> None:
        """Drop a run at the door."""
        stats = self.stats.moved(accepted=1, dropped=reason)
        self._drop(run, reason, None)
        run.is_accepted = True
        self.stats = stats

    def _has_room(self, size: int) -> bool:
        held = len(self._fresh) + len(self._tried) + len(self._flying)
        return held < self._limits.max_runs and self.stats.bytes + size <= self._limits.max_bytes

    # Through it.

    def take(self, now: float) -> Run | float:
        """Return the run to try now, or else how many seconds to wait, `inf` for something new."""
        wait = self.pauses.wait(now, len(self._flying))
        if wait > 0:
            return wait
        run = self._next(now)
        if not isinstance(run, Run):
            return run
        to_read = run.size if run.body is None else 0
        if self._flying and self.stats.bytes + to_read > self._limits.max_bytes:
            return inf
        if self._fresh and run is self._fresh[0]:
            self._fresh.popleft()
        else:
            del self._tried[run]
        self.pauses.start(run)
        run.held += to_read
        self.stats = self.stats.moved(queued=-1, in_flight=1, held=to_read)
        self._flying[run] = None
        return run

    def _next(self, now: float) -> Run | float:
        if self.pauses.is_open and self._tried:
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
        if self._land(run):
            self.pauses.succeed(run)
            self.stats = self.stats.moved(in_flight=-1, delivered=1, held=-run.held)
            self._end(run, run_id)

    def refuse(self, run: Run, cause: Exception | None) -> None:
        """Drop a run that the server does not take."""
        if self._land(run):
            self.pauses.pass_by(run)
            self._drop_landed(run, "refused", cause)

    def keep(self, run: Run, now: float, asked: float | None, cause: Exception | None) -> None:
        """Queue a run again that failed in a way that may pass.

        `asked` is how many seconds the server wants to have, None if it does not say.
        """
        if self._land(run):
            self.pauses.fail(run, now, asked)
            run.failures += 1
            run.due = now + self._draw(most_wait(run.failures))
            self._put_back(run, cause)

    def deny(self, run: Run, now: float, settings: object, cause: Exception | None) -> bool:
        """Queue a run again as token or settings are no good; tell whether a pause begins."""
        if not self._land(run):
            return False
        is_new = self.pauses.deny(run, now, settings)
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
        freed = 0 if run.file is None else run.held - OVERHEAD
        if freed:
            run.body = None
            run.held = OVERHEAD
        self.stats = self.stats.moved(in_flight=-1, queued=1, held=-freed)
        self._tried[run] = None

    def _land(self, run: Run) -> bool:
        if run not in self._flying:
            return False
        del self._flying[run]
        return True

    def _drop_landed(self, run: Run, reason: str, cause: Exception | None) -> None:
        self.stats = self.stats.moved(in_flight=-1, dropped=reason, held=-run.held)
        self._drop(run, reason, cause)

    def hurry(self, now: float) -> None:
        """Have all that waits tried now, but for what the server asked to wait for."""
        self.pauses.hurry(now)
        for run in self._tried:
            run.due = min(run.due, now)

    # Out of it.

    def flush(self) -> Flush:
        """Return what tells when all runs of now have ended."""
        flush = Flush(self._last_numbers(), self.stats.queued + self.stats.in_flight)
        if self._is_abandoned:
            flush.stop()
        elif flush.left:
            self._flushes.append(flush)
        return flush

    def _last_numbers(self) -> dict[SpoolFile | None, int]:
        return {None: self._last}

    def forget(self, flush: Flush) -> None:
        """Count for a flush no longer."""
        if flush in self._flushes:
            self._flushes.remove(flush)

    def abandon(self, cause: Exception | None) -> None:
        """Drop what is on no disk as closed, leave the rest in the spool."""
        self.is_closed = self._is_abandoned = True
        left = [(run, 0) for run in [*self._fresh, *self._tried]]
        left += [(run, 1) for run in self._flying]
        self._fresh.clear()
        self._tried.clear()
        self._flying.clear()
        gone = self._gone()
        for run, flying in left:
            if run.file is None or run.file in gone:
                self.stats = self.stats.moved(
                    queued=flying - 1, in_flight=-flying, dropped="closed", held=-run.held
                )
                self._drop(run, "closed", cause)
            else:
                self.stats = self.stats.moved(queued=flying, in_flight=-flying, held=-run.held)
                self._end_receipt(run.receipt, "spooled", cause)
        for flush in self._flushes:
            flush.stop()

    def _gone(self) -> list[SpoolFile]:
        """Return the files that were removed while in use."""
        return []

    def receipts(self) -> list[Receipt]:
        """Return the receipts of the runs that are left."""
        left = [*self._fresh, *self._tried, *self._flying]
        return [run.receipt for run in left if run.receipt is not None]

    def _drop(self, run: Run, reason: str, cause: Exception | None) -> None:
        error = DeliveryError(reason, run.key)
        error.__cause__ = cause
        self._count_drop(reason)
        self._end(run, error)

    def _end(self, run: Run, outcome: str | DeliveryError) -> None:
        if run.receipt is not None:
            self.endings.append((run.receipt, outcome))
        for flush in self._flushes:
            flush.count(run)

    def _end_receipt(self, receipt: Receipt | None, reason: str, cause: Exception | None) -> None:
        if receipt is not None:
            error = DeliveryError(reason, receipt.idempotency_key)
            error.__cause__ = cause
            self.endings.append((receipt, error))
