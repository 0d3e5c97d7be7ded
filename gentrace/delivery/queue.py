"""The runs of a delivery and the states that each goes through.

::

                 accept                  take                  deliver (2xx)
    (the caller) ──────▶ queued ───────────────────▶ in flight ──────────▶ delivered
         │                │  ▲                         │    │
         │                │  │  requeue: transient, or │    │ refuse: 3xx, 4xx
         │ reject:        │  │  deny: 401 and 403      │    │ expire
         │ queue_full,    │  └─────────────────────────┘    │ abandon: closed
         │ spool_full,    │ abandon: closed                 │
         │ mask_failed,   │ _drop_missing: expired, closed  ▼
         │ closed         └───────────────────────────▶ dropped[reason]
         │                                                  ▲
         └──────────────────────────────────────────────────┘

    (another process) ── adopt ──▶ queued

Each arrow is one method and changes the counters once, so that at every moment
accepted = delivered + queued + in_flight + all dropped. A rejected run counts as accepted and
dropped. Runs in a spool stay queued when the delivery is abandoned; `spooled_queue` has what only
they go through (`adopt`, `expire`, `_drop_missing`).

Nothing here knows threads, reads a clock, or does I/O. The caller runs one method at a time, in a
`SerialExecutor`. It may call `accept` and `reject` again for the same run if an interrupt came
before `Run.is_accepted` was set.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING

from gentrace.delivery.breaker import CircuitBreaker, max_backoff
from gentrace.delivery.flush import Flush
from gentrace.delivery.receipt import DeliveryError, Receipt
from gentrace.delivery.run import OVERHEAD, Run
from gentrace.delivery.stats import DeliveryStats

if TYPE_CHECKING:
    from gentrace.delivery.limits import Limits
    from gentrace.delivery.spool_file import SpoolFile

MAX_OWN_FAILURES = 5
"""After so many failures with other runs delivered in between, a run is dropped."""


class RunQueue:
    """The states above.

    Args:
        limits: how many runs and bytes it holds in memory.
        draw: returns a random number of seconds from 0 to its argument, as jitter.
        count_drop: is called with the reason of each drop, and its cause if there is one.

    Attributes:
        breaker: says when to try.
        stats: the counters.
        endings: receipts to end, with their outcomes, in order; the caller ends them afterwards.
        is_closed: whether new runs are dropped.
        is_abandoned: whether nobody sends runs any more.

    """

    full = "queue_full"
    """The reason of a drop for lack of room."""

    def __init__(
        self,
        limits: Limits,
        draw: Callable[[float], float],
        count_drop: Callable[[str, Exception | None], None],
    ) -> None:
        self.breaker = CircuitBreaker(draw)
        self._draw = draw
        self._limits = limits
        self._count_drop = count_drop
        self._untried: deque[Run] = deque()
        # In the order of their last tries: a dict keeps that order, and removes any run quickly.
        self._requeued: dict[Run, None] = {}
        self._in_flight: dict[Run, None] = {}
        self._flushes: list[Flush] = []
        self._last_number = 0
        self.stats = DeliveryStats()
        self.endings: deque[tuple[Receipt, str | DeliveryError]] = deque()
        self.is_closed = False
        self.is_abandoned = False

    # Accepting runs.

    def accept(self, run: Run) -> None:
        """Queue a run; drop it if there is no room or the delivery is closed."""
        held = OVERHEAD + run.size
        if self.is_closed:
            self.reject(run, "closed")
        elif not self._has_room(held):
            self.reject(run, self.full)
        else:
            self._last_number += 1
            run.number = self._last_number
            run.held = held
            stats = self.stats.moved(accepted=1, queued=1, held=held)
            # No interrupt can come in between these assignments and the call after them.
            run.is_accepted = True
            self.stats = stats
            self._untried.append(run)

    def reject(self, run: Run, reason: str) -> None:
        """Count a run as accepted and drop it without queueing it."""
        stats = self.stats.moved(accepted=1, dropped=reason)
        self._drop(run, reason, None)
        run.is_accepted = True
        self.stats = stats

    def _has_room(self, size: int) -> bool:
        held = len(self._untried) + len(self._requeued) + len(self._in_flight)
        return held < self._limits.max_runs and self.stats.bytes + size <= self._limits.max_bytes

    # Trying runs. The methods for an outcome do nothing if the run was abandoned meanwhile.

    def take(self, now: float) -> Run | float:
        """Return the run to try now, or else how many seconds to wait, `inf` for a change."""
        wait = self.breaker.wait(now, len(self._in_flight))
        if wait > 0:
            return wait
        run = self._next(now)
        if not isinstance(run, Run):
            return run
        to_read = run.size if run.body is None else 0
        if self._in_flight and self.stats.bytes + to_read > self._limits.max_bytes:
            return inf
        if self._untried and run is self._untried[0]:
            self._untried.popleft()
        else:
            del self._requeued[run]
        self.breaker.start(run)
        run.held += to_read
        self.stats = self.stats.moved(queued=-1, in_flight=1, held=to_read)
        self._in_flight[run] = None
        return run

    def _next(self, now: float) -> Run | float:
        if self._requeued and not self.breaker.is_paused:
            soonest = min(self._requeued, key=lambda run: run.due)
            if soonest.due <= now:
                return soonest
            if not self._untried:
                return soonest.due - now
        if self._untried:
            return self._untried[0]
        return next(iter(self._requeued), inf)

    def deliver(self, run: Run, run_id: str) -> None:
        """Note that the server has stored a run."""
        if self._remove_in_flight(run):
            self.breaker.succeed(run)
            self.stats = self.stats.moved(in_flight=-1, delivered=1, held=-run.held)
            self._end(run, run_id)

    def refuse(self, run: Run, cause: Exception | None) -> None:
        """Drop a run that the server refuses for good."""
        if self._remove_in_flight(run):
            self.breaker.end_probe(run)
            self._drop_in_flight(run, "refused", cause)

    def requeue(
        self, run: Run, now: float, retry_after: float | None, cause: Exception | None
    ) -> bool:
        """Queue a run again after a transient failure; tell, once, whether the outage is long.

        `retry_after` is for how many seconds the server asked, None if it did not.
        """
        if not self._remove_in_flight(run):
            return False
        is_long = self.breaker.fail(run, now, retry_after)
        self._back_off(run, now)
        self._requeue_or_drop(run, cause)
        return is_long

    def deny(self, run: Run, now: float, settings: object, cause: Exception | None) -> bool:
        """Queue a run again as token or settings are unusable; tell whether to warn of it."""
        if not self._remove_in_flight(run):
            return False
        is_new = self.breaker.deny(run, now, settings)
        run.due = now
        self._requeue_or_drop(run, cause)
        return is_new

    def _requeue_or_drop(self, run: Run, cause: Exception | None) -> None:
        if self.stats.delivered > run.delivered_at_failure:
            run.own_failures += 1
            run.delivered_at_failure = self.stats.delivered
        if run.own_failures >= MAX_OWN_FAILURES:
            self._drop_in_flight(run, "refused", cause)
        else:
            self._put_back(run)

    def _back_off(self, run: Run, now: float) -> None:
        """Make a run wait before its next try, longer after each failure."""
        run.failures += 1
        run.due = now + self._draw(max_backoff(run.failures))

    def _put_back(self, run: Run) -> None:
        """Queue a run that is in flight no more; if the spool has its body, free that."""
        freed = 0 if run.file is None else run.held - OVERHEAD
        if freed:
            run.body = None
            run.held = OVERHEAD
        self.stats = self.stats.moved(in_flight=-1, queued=1, held=-freed)
        self._requeued[run] = None

    def _remove_in_flight(self, run: Run) -> bool:
        """Remove a run from those in flight; False if it was abandoned meanwhile."""
        if run not in self._in_flight:
            return False
        del self._in_flight[run]
        return True

    def _drop_in_flight(self, run: Run, reason: str, cause: Exception | None) -> None:
        self.stats = self.stats.moved(in_flight=-1, dropped=reason, held=-run.held)
        self._drop(run, reason, cause)

    def skip_backoff(self, now: float) -> None:
        """Make all queued runs due now, except for a time for which the server asked."""
        self.breaker.skip_backoff(now)
        for run in self._requeued:
            run.due = min(run.due, now)

    # Ending.

    def flush(self) -> Flush:
        """Return what tells when all present runs have ended."""
        flush = Flush(self._last_numbers(), self.stats.queued + self.stats.in_flight)
        if self.is_abandoned:
            flush.stop()
        elif flush.remaining:
            self._flushes.append(flush)
        return flush

    def _last_numbers(self) -> dict[SpoolFile | None, int]:
        return {None: self._last_number}

    def remove_flush(self, flush: Flush) -> None:
        """Update a flush no longer."""
        if flush in self._flushes:
            self._flushes.remove(flush)

    def abandon(self, cause: Exception | None) -> None:
        """Drop the runs that are in memory only as closed; those in the spool stay there."""
        self.is_closed = self.is_abandoned = True
        left = self._runs()
        in_flight = len(self._in_flight)
        self.stats = self.stats.moved(queued=in_flight, in_flight=-in_flight)
        self._untried.clear()
        self._requeued.clear()
        self._in_flight.clear()
        missing = self._missing_files()
        for run in left:
            if run.file is None or run.file in missing:
                self.stats = self.stats.moved(queued=-1, dropped="closed", held=-run.held)
                self._drop(run, "closed", cause)
            else:
                self.stats = self.stats.moved(held=-run.held)
                self._end_receipt(run.receipt, "spooled", cause)
        for flush in self._flushes:
            flush.stop()

    def _missing_files(self) -> list[SpoolFile]:
        """Return the files that were removed while in use."""
        return []

    def receipts(self) -> list[Receipt]:
        """Return the receipts of the runs that have not ended."""
        return [run.receipt for run in self._runs() if run.receipt is not None]

    def _runs(self) -> list[Run]:
        """Return the runs in memory."""
        return [*self._untried, *self._requeued, *self._in_flight]

    def _drop(self, run: Run, reason: str, cause: Exception | None) -> None:
        self._count_drop(reason, cause)
        self._end(run, _make_error(reason, run.key, cause))

    def _end(self, run: Run, outcome: str | DeliveryError) -> None:
        if run.receipt is not None:
            self.endings.append((run.receipt, outcome))
        for flush in self._flushes:
            flush.note_end(run)

    def _end_receipt(self, receipt: Receipt | None, reason: str, cause: Exception | None) -> None:
        if receipt is not None:
            self.endings.append((receipt, _make_error(reason, receipt.idempotency_key, cause)))


def _make_error(reason: str, key: str, cause: Exception | None) -> DeliveryError:
    """Build the error of a receipt."""
    error = DeliveryError(reason, key)
    error.__cause__ = cause
    return error
