"""The runs of a delivery and what becomes of them.

::

                 accept                  take                  deliver (2xx)
    (the caller) ──────▶ queued ───────────────────▶ in flight ──────────▶ delivered
         │                │  ▲                         │    │
         │                │  │   keep: trouble, or     │    │ drop: refused, expired,
         │ drop:          │  │   401 and 403           │    │ closed
         │ queue_full,    │  └─────────────────────────┘    │
         │ spool_full,    │                                 │
         │ mask_failed,   │ drop: closed                    ▼
         │ closed         └───────────────────────────▶ dropped[reason]
         │                                                  ▲
         └──────────────────────────────────────────────────┘

    (another process) ── adopt ──▶ queued

Each arrow is one method, each changes the counters once, so that always
accepted = delivered + queued + in_flight + all dropped. A run that is dropped at the door is
accepted and dropped. With a spool, runs that are left when the delivery is closed stay queued.

Nothing here knows threads, asks a clock or sends: whoever calls takes turns.
"""

from __future__ import annotations

from collections import deque
from math import inf
from queue import SimpleQueue
from typing import TYPE_CHECKING

from gentrace.delivery.pauses import most_wait
from gentrace.delivery.receipt import DeliveryError
from gentrace.delivery.stats import DeliveryStats

if TYPE_CHECKING:
    from collections.abc import Callable

    from gentrace.delivery.pauses import Pauses
    from gentrace.delivery.receipt import Receipt
    from gentrace.delivery.run import Run

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
        endings: what receipts are to end with, in order; whoever took the turn ends them.
        is_closed: whether new runs are dropped.

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
        self.endings: deque[tuple[Receipt, str | DeliveryError]] = deque()
        self.is_closed = False

    # Into it.

    def accept(self, run: Run) -> str | None:
        """Queue a run, or drop it if there is no room; return the reason, None if it is in."""
        if self.is_closed:
            self.turn_away(run, "closed")
            return "closed"
        held = len(self._fresh) + len(self._tried) + len(self._flying)
        if held >= self._max_runs or self.stats.bytes + run.held > self._max_bytes:
            self.turn_away(run, self._full)
            return self._full
        self._serial += 1
        run.serial = self._serial
        # Counted first: nothing can come in between a store and the call after it.
        self.stats = self.stats.moved(accepted=1, queued=1, held=run.held)
        self._fresh.append(run)
        return None

    def turn_away(self, run: Run, reason: str) -> None:
        """Drop a run at the door."""
        self.stats = self.stats.moved(accepted=1, dropped=reason)
        self._end(run, DeliveryError(reason, run.key))

    # Through it.

    def take(self, now: float) -> Run | float:
        """Return the run to try now, or else how many seconds to wait, `inf` for something new."""
        wait = self._pauses.wait(now, len(self._flying))
        if wait > 0:
            return wait
        run = self._next(now)
        if isinstance(run, float):
            return run
        self._pauses.start(run)
        self.stats = self.stats.moved(queued=-1, in_flight=1)
        self._flying[run] = None
        return run

    def _next(self, now: float) -> Run | float:
        if self._pauses.is_open and self._tried:
            soonest = min(self._tried, key=lambda run: run.due)
            if soonest.due <= now:
                del self._tried[soonest]
                return soonest
            if not self._fresh:
                return soonest.due - now
        if self._fresh:
            return self._fresh.popleft()
        if not self._tried:
            return inf
        least_recent = next(iter(self._tried))
        del self._tried[least_recent]
        return least_recent

    def deliver(self, run: Run, run_id: str) -> None:
        """Note that the server has stored a run; nothing, here as below, if it was given up."""
        if not self._land(run):
            return
        self._pauses.succeed(run)
        self.stats = self.stats.moved(in_flight=-1, delivered=1, held=-run.held)
        self._end(run, run_id)

    def refuse(self, run: Run, cause: Exception | None) -> None:
        """Drop a run that the server does not take."""
        if not self._land(run):
            return
        self._pauses.pass_by(run)
        self._drop_landed(run, cause)

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
            self._drop_landed(run, cause)
            return
        self.stats = self.stats.moved(in_flight=-1, queued=1)
        self._tried[run] = None

    def _land(self, run: Run) -> bool:
        if run not in self._flying:
            return False
        del self._flying[run]
        return True

    def _drop_landed(self, run: Run, cause: Exception | None) -> None:
        self.stats = self.stats.moved(in_flight=-1, dropped="refused", held=-run.held)
        self._end(run, _error("refused", run, cause))

    def hurry(self, now: float) -> None:
        """Have all that waits tried now, but for what the server asked to wait for."""
        self._pauses.hurry(now)
        for run in self._tried:
            run.due = min(run.due, now)

    # Out of it.

    def flush(self) -> Flush:
        """Return what tells when all runs of now have ended."""
        flush = Flush(self._serial, self.stats.queued + self.stats.in_flight)
        if flush.left:
            self._flushes.append(flush)
        return flush

    def forget(self, flush: Flush) -> None:
        """Count for a flush no longer."""
        if flush in self._flushes:
            self._flushes.remove(flush)

    def abandon(self, cause: Exception | None) -> int:
        """Drop all that is left as closed; return how many runs that are."""
        left = [*self._fresh, *self._tried, *self._flying]
        for run in [*self._fresh, *self._tried]:
            self.stats = self.stats.moved(queued=-1, dropped="closed", held=-run.held)
        for run in self._flying:
            self.stats = self.stats.moved(in_flight=-1, dropped="closed", held=-run.held)
        self._fresh.clear()
        self._tried.clear()
        self._flying.clear()
        for run in left:
            self._end(run, _error("closed", run, cause))
        return len(left)

    def receipts(self) -> list[Receipt]:
        """Return the receipts of the runs that are left."""
        left = [*self._fresh, *self._tried, *self._flying]
        return [run.receipt for run in left if run.receipt is not None]

    def _end(self, run: Run, outcome: str | DeliveryError) -> None:
        run.body = None
        if run.receipt is not None:
            self.endings.append((run.receipt, outcome))
        for flush in self._flushes:
            flush.count(run.serial)


class Flush:
    """How many of the runs that were there at some moment have not ended.

    Args:
        serial: the number of the last run of that moment.
        left: how many there were.

    """

    def __init__(self, serial: int, left: int) -> None:
        self._serial = serial
        self.left = left
        self.wakes: SimpleQueue[None] = SimpleQueue()
        """Gets an item when the last one has ended."""

    def count(self, serial: int) -> None:
        """Count a run that has ended, if it was there."""
        if 0 < serial <= self._serial:
            self.left -= 1
            if self.left == 0:
                self.wakes.put(None)


def _error(reason: str, run: Run, cause: Exception | None) -> DeliveryError:
    error = DeliveryError(reason, run.key)
    error.__cause__ = cause
    return error
