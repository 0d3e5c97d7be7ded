"""What a delivery has in one process: its queue, its workers, and how it is flushed and closed.

Every change of the queue is an action of one `SerialExecutor`. Receipts end after the action,
outside of its lock, because their callbacks are the user's code.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from math import inf
from typing import TYPE_CHECKING

from gentrace.delivery.endings import end_receipts
from gentrace.delivery.notices import PendingWarnings
from gentrace.delivery.off import is_off
from gentrace.delivery.queue import RunQueue
from gentrace.delivery.run import Run
from gentrace.delivery.serial_executor import SerialExecutor
from gentrace.delivery.warning_logger import WarningLogger
from gentrace.delivery.workers import Workers
from gentrace.process import fork_safe_imports, register_fork_lock, unregister_fork_lock

if TYPE_CHECKING:
    from gentrace.delivery.clock import Clock
    from gentrace.delivery.flush import Flush
    from gentrace.delivery.limits import Limits
    from gentrace.delivery.receipt import Receipt
    from gentrace.delivery.sending import Sender
    from gentrace.delivery.spool_maintainer import SpoolMaintainer
    from gentrace.delivery.stats import DeliveryStats


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
        self._executor = SerialExecutor()
        self._warnings = PendingWarnings()
        self._warning_logger = WarningLogger(self._warnings, clock, self._execute)
        self._maintainer = self._make_maintainer()
        if self._maintainer is None:
            self._queue = RunQueue(limits, clock.draw, self._warnings.count_drop)
        else:
            self._queue = self._maintainer.queue
        self._workers = Workers(
            limits.workers,
            self._queue,
            sender,
            clock=clock,
            warnings=self._warnings,
            execute=self._execute,
            maintain=None if self._maintainer is None else self._maintainer.run,
        )

    @property
    def stats(self) -> DeliveryStats:
        """The counters: one immutable value, which is replaced as a whole."""
        return self._queue.stats

    @property
    def is_closed(self) -> bool:
        """Whether it takes no more runs."""
        return self._queue.is_closed

    def enqueue(self, body: bytes, receipt: Receipt) -> None:
        """Queue an encoded run, or drop it."""
        run = Run(receipt.idempotency_key, body, receipt=receipt, accepted_at=self._clock.time())
        receipt.deliverer = self
        self._admit(run, lambda: self._queue.accept(run))

    def reject(self, receipt: Receipt, reason: str) -> None:
        """Count a run as accepted and drop it without queueing it."""
        run = Run(receipt.idempotency_key, receipt=receipt)
        self._admit(run, lambda: self._queue.reject(run, reason))

    @property
    def last_failure(self) -> Exception | None:
        """The error of the last run that was tried; None if the server took or refused it."""
        return self._workers.last_failure

    def send_inline(self, timeout: float | None) -> bool:
        """Send what is queued in the calling thread, if no other can start; tell whether it did."""
        if not self._workers.cannot_start:
            return False
        self.flush(timeout)
        return True

    def flush(self, timeout: float | None) -> bool:
        """Wait until all present runs have ended; tell whether they have."""
        end = self._end_of(timeout)
        accepted = -1
        while True:
            has_more = self._adopt()
            is_new = self.stats.accepted > accepted
            accepted = self.stats.accepted
            is_done = self._wait_for(self._begin_flush(), end)
            if not (is_done and has_more and is_new):
                return is_done

    def close(self, timeout: float | None) -> bool:
        """Flush, abandon what is left, and stop; tell whether all runs had ended."""
        return self.finish(self.begin_close(), self._end_of(timeout))

    def begin_close(self, *, at_exit: bool = False) -> Flush | None:
        """Take no more runs; return what tells when the present ones have ended."""
        self._warning_logger.is_exiting = at_exit
        self._queue.is_closed = True
        return self._begin_flush()

    def finish(self, flush: Flush | None, end: float, *, at_exit: bool = False) -> bool:
        """Wait until the time `end` at most, abandon what is left, and stop."""
        is_done = self._wait_for(flush, end)
        try:
            self._execute(lambda: self._queue.abandon(self._workers.last_failure))
        finally:  # also if a callback raises SystemExit
            # Workers that wait; one that looks later sees that the runs are abandoned.
            while self._workers.wake():
                pass
            if self._maintainer is not None:
                self._maintainer.stop()
                unregister_fork_lock(self._executor.lock)
        if at_exit:
            self._warning_logger.log_remaining()
        else:
            self._execute(self._warnings.expedite_drops)
        return is_done

    def log_remaining(self) -> None:
        """Log what was dropped after the end of the process began."""
        self._warning_logger.log_remaining()

    def disown(self) -> None:
        """In a forked child: leave the runs to the parent, and end their receipts."""
        for receipt in self._queue.receipts():
            receipt.leave_to_parent()
        if self._maintainer is not None:
            self._maintainer.disown()
            unregister_fork_lock(self._executor.lock)

    def _make_maintainer(self) -> SpoolMaintainer | None:
        if self._limits.spool is None:
            return None
        maintainer = load_spool()(
            self._limits.spool,
            self._limits,
            self._sender.host,
            clock=self._clock,
            warnings=self._warnings,
            is_off=self._is_off,
            execute=self._execute_and_wake,
        )
        # No child shall find a file half written.
        register_fork_lock(self._executor.lock)
        return maintainer

    def _is_off(self) -> bool:
        return is_off(self._sender.configuration)

    # Actions on the queue.

    def _execute(self, action: Callable[[], None]) -> None:
        """Run an action on the queue; then end receipts and log warnings outside of every lock."""
        if not self._executor.run(action):
            return  # it is deferred: an earlier frame of this thread runs it, and does the rest
        try:
            end_receipts(self._queue.endings)
        finally:
            self._warning_logger.start_thread()

    def _execute_and_wake(self, action: Callable[[], None]) -> None:
        """Run an action that may add runs to the queue."""
        self._execute(action)
        self._workers.wake_for_queued()

    def _admit(self, run: Run, action: Callable[[], None]) -> None:
        """Accept or reject a run completely, even if an interrupt such as Ctrl-C is raised."""

        def finish() -> None:
            try:
                if not run.is_accepted:
                    action()
            finally:
                # After an interrupt, in the same action: nobody else shall find it half done.
                if not run.is_accepted:
                    action()

        try:
            self._execute(finish)
        except BaseException:
            self._execute(finish)
            raise
        finally:
            self._workers.start()
            self._workers.wake()

    def _adopt(self) -> bool:
        """Adopt orphaned files of the spool; tell whether there are more than may be open."""
        if self._maintainer is None or self._queue.is_abandoned or self._is_off():
            return False
        has_more = self._maintainer.adopt()
        self._workers.start()
        return has_more

    # Waiting for the end of runs.

    def _end_of(self, timeout: float | None) -> float:
        return inf if timeout is None else self._clock.now() + timeout

    def _begin_flush(self) -> Flush | None:
        begun: list[Flush] = []

        def begin() -> None:
            begun.append(self._queue.flush())
            self._queue.skip_backoff(self._clock.now())

        self._execute(begin)
        self._workers.wake()
        # None if the action is deferred: a finalizer or signal handler interrupted another one.
        return begun[0] if begun else None

    def _wait_for(self, flush: Flush | None, end: float) -> bool:
        if flush is None:
            return False
        if sys.is_finalizing():
            end = 0.0  # neither threads nor modules are left to send anything
        if self._workers.is_caller_needed():
            self._workers.work_until(flush, end)
        else:
            while not flush.is_over and (left := end - self._clock.now()) > 0:
                self._clock.wait(flush.wakeup, None if left == inf else left)
        self._execute(lambda: self._queue.remove_flush(flush))
        return flush.remaining == 0


@cache
def load_spool() -> type[SpoolMaintainer]:
    """Import what a spool needs: runs do not wait for it, and late finalizers cannot import."""
    with fork_safe_imports():
        from gentrace.delivery.spool_maintainer import SpoolMaintainer  # noqa: PLC0415 - slow

    return SpoolMaintainer
