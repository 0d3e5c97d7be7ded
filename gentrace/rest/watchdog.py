"""Aborts calls at their deadlines: one daemon thread for all calls of a process.

The time-out of a socket is for one operation: a server that sends a byte now and then could keep a
call going for ever. The watchdog shuts the socket down, which ends the operation.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from math import inf
from typing import Protocol

from gentrace.clock import now
from gentrace.exceptions import ApiConnectionException
from gentrace.process import call_after_fork
from gentrace.wakeup import Wakeup


class Watched(Protocol):
    """What the watchdog aborts, such as an attempt."""

    @property
    def end(self) -> float:
        """When to abort it, by `now`."""
        ...

    def abort(self) -> None:
        """Abort it; the watchdog's thread calls this."""


class Watchdog:
    """Aborts items at their ends.

    Its only lock is reentrant and held while the thread starts, so that a signal handler, a
    finalizer or a fork may interrupt it at any moment.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start anew: a forked child has none of its parent's threads."""
        self._watched: set[Watched] = set()
        self._wakeup = Wakeup()
        self._next_check = inf
        self._thread: threading.Thread | None = None
        self._start_lock = threading.RLock()
        self._is_starting = False

    def watch(self, item: Watched) -> None:
        """Abort an item at its end, unless it is forgotten before.

        Raises:
            ApiConnectionException: the thread cannot be started.

        """
        self._watched.add(item)
        if not self._has_thread():
            self._start()
        if item.end < self._next_check:
            self._wakeup.set()

    def forget(self, item: Watched) -> None:
        """Stop watching an item."""
        self._watched.discard(item)

    def wake(self) -> None:
        """Check all items at once, as the end of one was moved."""
        self._wakeup.set()

    def _has_thread(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _start(self) -> None:
        if not threading.main_thread().is_alive():
            return  # the interpreter is ending and starts no thread: sockets have time-outs
        with self._start_lock:
            # Another thread may have started it; or this one is, and a signal handler calls again.
            if self._has_thread() or self._is_starting:
                return
            self._is_starting = True
            try:  # a subinterpreter may refuse to construct daemon threads
                self._thread = threading.Thread(
                    target=self._run, name="gentrace-deadlines", daemon=True
                )
                self._thread.start()
            except (RuntimeError, MemoryError) as error:
                self._thread = None
                raise ApiConnectionException(
                    0, f"no thread can be had to watch the deadline: {error}"
                ) from error
            finally:
                self._is_starting = False

    def _run(self) -> None:
        while True:
            self._check()
            self._wakeup.wait(min(max(0.0, self._next_check - now()), _LONGEST_WAIT))

    def _check(self) -> None:
        """Abort what is due; apart from the wait, during which a local would keep the last item."""
        self._next_check = inf  # whoever adds an item during the check wakes this thread
        moment = now()
        for item in list(self._watched):
            if item.end <= moment:
                self._watched.discard(item)
                with suppress(Exception):  # a tool's socket may raise; go on with the others
                    item.abort()
        self._next_check = min((item.end for item in list(self._watched)), default=inf)


_LONGEST_WAIT = 3600.0
"""Seconds that each platform can wait at once."""

watchdog = Watchdog()
"""The watchdog of this process."""

call_after_fork(watchdog.reset)
