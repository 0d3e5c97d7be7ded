"""The threads of a delivery in one process: each worker takes runs and sends them, one at a time.

A thread that waits for runs does the work of a worker itself where it must: in the callback of a
receipt, which a worker calls, and where no thread can be started.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, cast

from gentrace.delivery.breaker import LONG_OUTAGE
from gentrace.delivery.notices import PendingWarnings, warn, without_answer
from gentrace.delivery.run import Run
from gentrace.delivery.sending import Outcome, Sender
from gentrace.delivery.threads import start_thread
from gentrace.exceptions import OpenApiException
from gentrace.wakeup import Wakeup

if TYPE_CHECKING:
    from gentrace.delivery.clock import Clock
    from gentrace.delivery.flush import Flush
    from gentrace.delivery.queue import RunQueue

POLL_INTERVAL = 0.25
"""Seconds between two looks at settings that were unusable, and after an unexpected failure."""


class Workers:
    """The worker threads, and the one that maintains the spool.

    Args:
        count: how many runs are sent at once.
        queue: the runs.
        sender: what sends.
        clock: the time.
        warnings: what is to be logged.
        execute: runs an action on the queue under its lock.
        maintain: what the thread of the spool does; None without a spool.

    Attributes:
        cannot_start: whether no thread could be started so far.
        last_failure: the error of the last run that was tried; None if the server took or refused
            it.

    """

    def __init__(  # noqa: PLR0913 - one argument a part of the engine that it works with
        self,
        count: int,
        queue: RunQueue,
        sender: Sender,
        *,
        clock: Clock,
        warnings: PendingWarnings,
        execute: Callable[[Callable[[], None]], None],
        maintain: Callable[[], None] | None,
    ) -> None:
        self._queue = queue
        self._sender = sender
        self._clock = clock
        self._warnings = warnings
        self._execute = execute
        # One for each worker that waits: whoever takes one out wakes that worker.
        self._idle: deque[Wakeup] = deque()
        # Names and functions, the first to be started last. Whoever starts a thread takes it out,
        # and puts it back if it cannot be started.
        self._unstarted = [(str(number), self._work) for number in reversed(range(count))]
        if maintain is not None:
            self._unstarted.insert(0, ("spool", maintain))
        self._has_started = False
        self.cannot_start = False
        self._worker_idents: set[int] = set()
        self._inline_idents: set[int] = set()
        self.last_failure: Exception | None = None

    def start(self) -> None:
        """Start the threads that do not run, unless the runs are abandoned."""
        while not self._queue.is_abandoned:
            try:
                name, target = self._unstarted.pop()
            except IndexError:
                return
            if start_thread(name, target) is None:
                self._unstarted.append((name, target))
                self.cannot_start = not self._has_started
                return
            self._has_started = True
            self.cannot_start = False

    def wake(self) -> bool:
        """Wake one worker that waits; tell whether there is one."""
        try:
            self._idle.pop().set()
        except IndexError:
            return False
        return True

    def wake_for_queued(self) -> None:
        """Wake one worker that waits, if runs are queued."""
        if self._queue.stats.queued:
            self.wake()

    def is_caller_needed(self) -> bool:
        """Tell whether the calling thread must send: it is a worker, or none can be started."""
        return threading.get_ident() in self._worker_idents or self.cannot_start

    def work_until(self, flush: Flush, end: float) -> None:
        """Do the work of a worker in the calling thread, until a flush is over or its time is."""
        me = threading.get_ident()
        if me in self._inline_idents:
            return  # without this, the callback of each run would nest one more loop
        self._inline_idents.add(me)
        try:
            while not flush.is_over and (left := end - self._clock.now()) > 0:
                found = self._take(flush.wakeup)
                if isinstance(found, Run):
                    self._try(found, left)
                else:
                    self._wait(flush.wakeup, min(found, left))
        finally:
            self._inline_idents.discard(me)
            with suppress(ValueError):
                self._idle.remove(flush.wakeup)

    def _work(self) -> None:
        self._worker_idents.add(threading.get_ident())
        wakeup = Wakeup()
        while not self._queue.is_abandoned:
            try:
                self._work_once(wakeup)
            except BaseException as error:  # noqa: BLE001 - nothing may end a thread for good
                warn(f"a thread of the delivery goes on after a {type(error).__name__}")
                self._wait(wakeup, POLL_INTERVAL)

    def _work_once(self, wakeup: Wakeup) -> None:
        found = self._take(wakeup)
        if self._queue.is_abandoned:
            return
        if isinstance(found, Run):
            self._try(found)
        else:
            self._wait(wakeup, found)

    def _take(self, wakeup: Wakeup) -> Run | float:
        """Return the run to try now, or else how many seconds to wait for a wakeup."""
        breaker = self._queue.breaker
        settings = self._sender.settings() if breaker.waits_for_settings else None
        taken: list[Run] = []
        waits: list[float] = []

        def take() -> None:
            now = self._clock.now()
            if settings is not None:
                breaker.check_settings(settings, now)
            found = self._queue.take(now)
            if isinstance(found, Run):
                taken.append(found)
            else:
                # In the same action: every later change of the queue wakes this worker.
                self._idle.append(wakeup)
                waits.append(found)

        try:
            self._execute(take)
        except BaseException:
            for run in taken:
                self._requeue(run)
            raise
        if not taken:
            return min(waits[0], POLL_INTERVAL) if breaker.waits_for_settings else waits[0]
        self.wake_for_queued()  # another worker may take the next one
        return taken[0]

    def _wait(self, wakeup: Wakeup, seconds: float) -> None:
        """Wait for a wakeup, at most so long."""
        self._clock.wait(wakeup, None if seconds == inf else seconds)
        with suppress(ValueError):  # it was woken
            self._idle.remove(wakeup)

    def _try(self, run: Run, timeout: float = inf) -> None:
        try:
            outcome = self._send(run, timeout)
        except BaseException:
            self._requeue(run)
            raise
        # An earlier failure, or what is wrong with another run, is not why a run is left over.
        self.last_failure = outcome.error if outcome.kind in {"transient", "denied"} else None
        self._execute(lambda: self._settle(run, outcome))
        self.wake_for_queued()  # this outcome may let other runs be tried

    def _send(self, run: Run, timeout: float) -> Outcome:
        try:
            return self._sender.send(cast("bytes", run.body), run.key, timeout)
        except Exception as error:  # noqa: BLE001 - no run may end a thread
            warn(f"a run could not be sent, and is tried again: {type(error).__name__}")
            # Its class alone: its text may repeat the run, and the frames of its traceback hold it.
            return Outcome("transient", error=OpenApiException(type(error).__name__))

    def _requeue(self, run: Run) -> None:
        """Queue a run again that was taken but not sent, because of Ctrl-C or the like."""
        self._execute(lambda: self._settle(run, Outcome("transient")))

    def _settle(self, run: Run, outcome: Outcome) -> None:
        now, queue = self._clock.now(), self._queue
        if outcome.kind == "delivered":
            queue.deliver(run, outcome.run_id)
        elif outcome.kind == "refused":
            queue.refuse(run, outcome.error)
        elif outcome.kind == "transient":
            if queue.requeue(run, now, outcome.retry_after, outcome.error):
                self._warnings.add(
                    f"no run was delivered for {LONG_OUTAGE:g} s, {queue.stats.queued} queued; "
                    f"the last try failed: {without_answer(outcome.error)}"
                )
        elif queue.deny(run, now, outcome.settings, outcome.error):
            why = without_answer(outcome.error)
            self._warnings.add(
                f"delivery pauses until token or settings change, for 60 s at most: {why}"
            )
