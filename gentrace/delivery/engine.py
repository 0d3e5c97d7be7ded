"""What a delivery has in one process: its queue, its threads and its end."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from gentrace.delivery.notices import Notices, warn
from gentrace.delivery.pauses import Pauses
from gentrace.delivery.queue import RunQueue
from gentrace.delivery.run import Run
from gentrace.delivery.sending import Outcome, load_transport
from gentrace.delivery.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gentrace.delivery.clock import Clock
    from gentrace.delivery.flush import Flush
    from gentrace.delivery.receipt import Receipt
    from gentrace.delivery.sending import Sender
    from gentrace.delivery.spooling import Spooling
    from gentrace.delivery.stats import DeliveryStats

SPOOL_EVERY = 1.0
"""Seconds until what was written to the spool is on the disk."""

LOOK = 0.25
"""Seconds between two looks at settings that were no good."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a delivery holds and does at once; see `Delivery`."""

    max_runs: int
    max_bytes: int
    workers: int
    spool: Path | None = None
    spool_max_bytes: int = 2**30
    spool_max_age: float = inf


class Engine:
    """The queue and the threads of one delivery in one process.

    Args:
        limits: how much it holds and does at once.
        sender: what sends.
        clock: the time.

    """

    def __init__(self, limits: Limits, sender: Sender, clock: Clock) -> None:
        self._limits = limits
        self._sender = sender
        self._clock = clock
        self._turns = Turns()
        self._pauses = Pauses(clock.draw)
        self._notices = Notices()
        self._queue = RunQueue(
            self._pauses,
            clock.draw,
            max_runs=limits.max_runs,
            max_bytes=limits.max_bytes,
            full="queue_full" if limits.spool is None else "spool_full",
        )
        self._spooling = self._make_spooling()
        self._wakes: SimpleQueue[None] = SimpleQueue()
        self._spool_wakes: SimpleQueue[None] = SimpleQueue()
        self._has_threads = False
        self._is_over = False
        self._is_quiet = False
        self._last_failure: Exception | None = None

    @property
    def stats(self) -> DeliveryStats:
        """The counters: one value, which is exchanged as a whole."""
        return self._queue.stats

    def enqueue(self, body: bytes, receipt: Receipt) -> None:
        """Queue an encoded run, or drop it."""
        run = Run(
            receipt.idempotency_key, body=body, receipt=receipt, accepted_at=self._clock.time()
        )
        if self._spooling is None:
            self._act(lambda: self._accept(run))
        else:
            self._spooling.enqueue(run)
            self._end_receipts()
        self._start_threads()
        self._wakes.put(None)

    def turn_away(self, receipt: Receipt, reason: str) -> None:
        """Drop a run at the door."""
        run = Run(receipt.idempotency_key, receipt=receipt)

        def drop() -> None:
            self._queue.turn_away(run, reason)
            self._notices.count(reason)

        self._act(drop)
        self._start_threads()
        self._wakes.put(None)

    def flush(self, timeout: float | None) -> bool:
        """Wait until all runs of now have ended; tell whether they have."""
        end = self._end_of(timeout)
        if self._spooling is not None and not self._is_over:
            self._spooling.prepare()
            self._start_threads()
        return self._wait_for(self._begin_flush(), end)

    def close(self, timeout: float | None) -> bool:
        """Flush, end what is left, and stop; tell whether all had ended."""
        return self.finish(self.begin_close(), self._end_of(timeout))

    def begin_close(self) -> Flush | None:
        """Take no more runs; return what tells when those that are there have ended."""
        self._queue.is_closed = True
        return self._begin_flush()

    def finish(self, flush: Flush | None, end: float, *, quietly: bool = False) -> bool:
        """Wait until some moment at most, end what is left, and stop."""
        is_done = self._wait_for(flush, end)
        self._is_quiet = quietly
        self._act(self._abandon)
        self._is_over = True
        for _ in range(self._limits.workers):
            self._wakes.put(None)
        if self._spooling is not None:
            self._spool_wakes.put(None)
            self._spooling.close()
        return is_done

    def disown(self) -> None:
        """In a child: forget the runs, which are the parent's, and end their receipts."""
        for receipt in self._queue.receipts():
            receipt.leave_to_parent()
        if self._spooling is not None:
            self._spooling.leave()

    # Turns.

    def _make_spooling(self) -> Spooling | None:
        limits = self._limits
        if limits.spool is None:
            return None
        from gentrace.delivery.spooling import Spooling  # noqa: PLC0415 - it loads sqlite3

        return Spooling(
            limits.spool,
            limits.spool_max_bytes,
            limits.spool_max_age,
            queue=self._queue,
            turns=self._turns,
            notices=self._notices,
            host=self._sender.host,
            clock=self._clock,
        )

    def _spooling_now(self) -> Spooling:
        assert self._spooling is not None  # noqa: S101 - asked by those who know
        return self._spooling

    def _act(self, action: Callable[[], None]) -> bool:
        """Carry out an action on the queue in turn, then end receipts outside of every lock.

        Returns False if it is left to a holder of the turn in this very thread.
        """
        if not self._turns.take(action):
            return False
        if self._spooling is not None:
            self._spooling.drain()
        self._end_receipts()
        return True

    def _end_receipts(self) -> None:
        if self._turns.is_mine:
            return
        while True:
            try:
                receipt, outcome = self._queue.endings.popleft()
            except IndexError:
                return
            if isinstance(outcome, str):
                receipt.succeed(outcome)
            else:
                receipt.fail(outcome)

    def _accept(self, run: Run) -> None:
        reason = self._queue.accept(run)
        if reason is not None:
            self._notices.count(reason)

    def _abandon(self) -> None:
        for _ in range(self._queue.abandon(self._last_failure)):
            self._notices.count("closed")

    # Threads.

    def _start_threads(self) -> None:
        if self._has_threads or self._is_over:
            return
        # Set first: a finalizer or signal handler in the middle of it shall not start others.
        self._has_threads = True
        started = 0
        try:
            for number in range(self._limits.workers):
                name = f"gentrace-delivery-{number}"
                threading.Thread(target=self._work, name=name, daemon=True).start()
                started += 1
            if self._spooling is not None:
                work = self._keep_spool
                threading.Thread(target=work, name="gentrace-delivery-spool", daemon=True).start()
        except RuntimeError:  # none to be had, or the interpreter ends: flush does their work
            self._has_threads = started > 0

    def _work(self) -> None:
        load_transport()
        while not self._is_over:
            self._say_notices()
            found = self._take()
            if isinstance(found, Run):
                try:
                    self._try(found)
                except BaseException as error:  # noqa: BLE001 - of a callback; it ends no thread
                    warn(f"a callback of a receipt raised {type(error).__name__}")
            else:
                wait = min(found, self._notices.wait(self._clock.now()))
                self._clock.wait(self._wakes, None if wait == inf else wait)
        if not self._is_quiet:
            self._say_notices()

    def _keep_spool(self) -> None:
        while not self._is_over:
            self._spooling_now().look_after()
            self._wakes.put(None)  # for what was adopted
            self._clock.wait(self._spool_wakes, SPOOL_EVERY)

    def _take(self) -> Run | float:
        """Return the run to try now, or else how many seconds to wait."""
        self._forget_wakes()
        if self._spooling is not None:
            self._spooling.refill()
        if self._pauses.waits_for_settings:
            settings = self._sender.settings()
            self._act(lambda: self._see_settings(settings))
        found: list[Run | float] = []
        self._act(lambda: found.append(self._queue.take(self._clock.now())))
        run = found[0]
        if not isinstance(run, Run):
            return min(run, LOOK) if self._pauses.waits_for_settings else run
        if self._queue.stats.queued:
            self._wakes.put(None)  # another worker may take the next one
        return run

    def _see_settings(self, settings: object) -> None:
        self._pauses.see_settings(settings, self._clock.now())

    def _forget_wakes(self) -> None:
        """Forget what it was woken for: it is about to look."""
        with suppress(Empty):
            while True:
                self._wakes.get_nowait()

    def _try(self, run: Run) -> None:
        settings = self._sender.settings()
        outcome = self._send(run)
        if outcome.error is not None:
            self._last_failure = outcome.error
        is_stored = run.place is not None
        if is_stored and outcome.is_final:
            # First of all: whoever learns that the run has ended may close the file.
            self._spooling_now().remove(run)
        self._act(lambda: self._settle(run, outcome, settings))
        if is_stored and run.is_over and not outcome.is_final:
            self._spooling_now().remove(run)
        if self._queue.stats.queued:
            self._wakes.put(None)  # what held others back may be over

    def _send(self, run: Run) -> Outcome:
        try:
            body = run.body if run.place is None else self._read(run)
            # None as well if it was given up meanwhile.
            return Outcome("gone") if body is None else self._sender.send(body, run.key)
        except BaseException as error:  # noqa: BLE001 - no run may end a thread
            warn(f"a run could not be sent, and is tried again: {type(error).__name__}")
            return Outcome("trouble")

    def _read(self, run: Run) -> bytes | None:
        """Return the body of a run that is in the spool, None if it is too old or not there."""
        spooling = self._spooling_now()
        return None if spooling.is_expired(run) else spooling.body(run)

    def _settle(self, run: Run, outcome: Outcome, settings: object) -> None:
        now, queue = self._clock.now(), self._queue
        before = queue.stats.dropped
        if outcome.kind == "delivered":
            queue.deliver(run, outcome.run_id)
        elif outcome.kind == "refused":
            queue.refuse(run, outcome.error)
        elif outcome.kind == "trouble":
            queue.keep(run, now, outcome.asked, outcome.error)
        elif outcome.kind == "gone":
            queue.expire(run)
        elif queue.deny(run, now, settings, outcome.error):
            self._notices.tell(
                f"delivery pauses until token or settings change, for 60 s at most: {outcome.error}"
            )
        for reason in queue.stats.dropped:
            if queue.stats.dropped[reason] > before[reason]:
                self._notices.count(reason)

    def _say_notices(self) -> None:
        for words in self._notices.due(self._clock.now()):
            warn(words)

    # Waiting for an end.

    def _end_of(self, timeout: float | None) -> float:
        return inf if timeout is None else self._clock.now() + timeout

    def _begin_flush(self) -> Flush | None:
        begun: list[Flush] = []

        def begin() -> None:
            begun.append(self._queue.flush())
            self._queue.hurry(self._clock.now())

        self._act(begin)
        self._wakes.put(None)
        # Nothing, in a finalizer or signal handler that came in between this thread's own turn.
        return begun[0] if begun else None

    def _wait_for(self, flush: Flush | None, end: float) -> bool:
        if flush is None:
            return False
        while flush.left > 0 and not flush.is_stopped:
            left = end - self._clock.now()
            if left <= 0:
                break
            if self._has_threads:
                self._clock.wait(flush.wakes, None if left == inf else left)
            else:
                self._work_here(flush, left)
        self._act(lambda: self._queue.forget(flush))
        return flush.left == 0

    def _work_here(self, flush: Flush, left: float) -> None:
        """Do what a worker would do, once, in a process that can start no thread."""
        found = self._take()
        if isinstance(found, Run):
            self._try(found)
        else:
            self._clock.wait(flush.wakes, min(found, left))
