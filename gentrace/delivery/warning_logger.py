"""Logs the warnings of a delivery, in a thread of its own that ends when there are none left.

No warning is logged under the lock of the queue, as handlers and filters are the user's code; nor
by a worker, as all of these may be waiting for a server that hangs.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from gentrace.delivery.notices import WARNING_INTERVAL, PendingWarnings, logger, warn
from gentrace.delivery.threads import start_thread
from gentrace.process import call_after_fork
from gentrace.wakeup import Wakeup

if TYPE_CHECKING:
    import threading

    from gentrace.delivery.clock import Clock


JOIN_TIMEOUT = 0.25
"""Seconds that the end of the program waits for a thread that is logging a warning."""


class WarningLogger:
    """Logs the warnings of a delivery when they are due.

    Args:
        warnings: what is to be logged.
        clock: the time.
        execute: runs an action under the lock of the queue.

    Attributes:
        is_exiting: whether the program ends: only `log_remaining` logs from then on.

    """

    def __init__(
        self, warnings: PendingWarnings, clock: Clock, execute: Callable[[Callable[[], None]], None]
    ) -> None:
        self._warnings = warnings
        self._clock = clock
        self._execute = execute
        self._thread: threading.Thread | None = None
        # Whoever starts the thread takes it out; the thread puts one back when it ends. After an
        # interrupt two threads may run for a while: each warning is logged by one of them.
        self._unstarted: list[None] = [None]
        self._wakeup = Wakeup()
        self._has_expedited = False
        self.is_exiting = False

    def start_thread(self) -> None:
        """Start the thread if there are warnings; wake it if it runs and one of them is due."""
        if self.is_exiting or not self._warnings:
            return
        try:
            self._unstarted.pop()
            _active.add(self)
            self._thread = start_thread("warnings", self._run)
            if self._thread is None:
                self._unstarted[:] = [None]
        except IndexError:
            if self._warnings.wait(self._clock.now()) <= 0:
                self._wakeup.set()
        except BaseException:  # such as Ctrl-C, whether it runs or not
            self._unstarted[:] = [None]
            raise

    def log_remaining(self) -> None:
        """Log all that remains as the program ends; called again, only what is due."""
        self.is_exiting = True
        thread, self._thread = self._thread, None
        messages: list[str] = []

        def pop() -> None:
            if not self._has_expedited:  # later drops are logged once a minute
                self._has_expedited = True
                self._warnings.expedite_drops()
            messages.extend(self._warnings.pop_due(self._clock.now()))

        if thread is not None:  # it may be logging a warning
            self._wakeup.set()
            with suppress(RuntimeError):  # a handler that it called has called this
                thread.join(JOIN_TIMEOUT)
        self._execute(pop)
        if logger.hasHandlers():  # without one, Python writes to standard error
            for message in messages:
                warn(message)

    def _run(self) -> None:
        while True:
            self._log_due()
            if self._stop_if_done():
                return
            wait = self._warnings.wait(self._clock.now())
            self._clock.wait(self._wakeup, min(WARNING_INTERVAL, wait))

    def _log_due(self) -> None:
        messages: list[str] = []

        def pop() -> None:
            # At exit, leave them to the thread that ends the program: this one may be cut off.
            if not self.is_exiting:
                messages.extend(self._warnings.pop_due(self._clock.now()))

        self._execute(pop)
        for message in messages:
            # Nothing may end the thread for good, such as SystemExit of a handler.
            with suppress(BaseException):
                warn(message)

    def _stop_if_done(self) -> bool:
        is_done: list[bool] = []

        def stop() -> None:
            # Under the lock: whoever adds a warning after this starts another thread.
            is_done.append(self.is_exiting or not self._warnings)
            if not self._warnings:
                _active.discard(self)
                self._unstarted[:] = [None]

        self._execute(stop)
        return is_done[0]


def log_all_remaining() -> None:
    """Log all that remains as the program ends, also of deliveries that are closed."""
    for each in list(_active):
        each.log_remaining()


_active: set[WarningLogger] = set()
"""Those that may have warnings left."""

call_after_fork(_active.clear)
