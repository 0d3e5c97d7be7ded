"""Runs actions on shared state one at a time, also from signal handlers and finalizers."""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable


class SerialExecutor:
    """Runs each action in the calling thread, under a lock that no reentrant call can deadlock on.

    A signal handler or a finalizer interrupts whatever its thread is doing, which may be an action
    that holds this lock. An action that such a reentrant call brings is deferred: the holder runs
    it right after its own.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        """Held while an action runs."""
        self._is_busy = False
        self._deferred: deque[Callable[[], None]] = deque()

    def run(self, action: Callable[[], None]) -> bool:
        """Run an action while no other one runs; return False if it was deferred.

        An action should raise nothing. What interrupts it, such as Ctrl-C, is raised to the caller.
        """
        if sys.is_finalizing():
            # No other thread runs any more, and one may have been stopped while it held the lock.
            return self._run_alone(action)
        # In Python 3.14, an interrupt may leave the lock of a `with` statement acquired for good.
        try:
            self.lock.acquire()
            return self._run_alone(action)
        finally:
            try:  # noqa: SIM105 - an interrupt may come before `suppress` is entered
                self.lock.release()
            except RuntimeError:
                pass  # an interrupt came before this thread had it

    def _run_alone(self, action: Callable[[], None]) -> bool:
        if self._is_busy:
            self._deferred.append(action)
            return False
        while True:
            self._is_busy = True
            try:
                action()
            finally:
                self._is_busy = False
            # A reentrant call from here on does not see it busy, and may run what was deferred.
            try:
                action = self._deferred.popleft()
            except IndexError:
                return True
