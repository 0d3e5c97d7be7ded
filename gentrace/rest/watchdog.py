"""Ends what goes on past its deadline: one daemon thread for all calls of a process.

The time-outs of sockets are for one operation each: a server that sends a byte now and then could
keep a call for ever. The watchdog shuts the socket down under it.
"""

from __future__ import annotations

import queue
import threading
from contextlib import suppress
from math import inf
from typing import Protocol

from gentrace.clock import now
from gentrace.exceptions import ApiConnectionException
from gentrace.process import call_after_fork


class Watched(Protocol):
    """What the watchdog ends."""

    @property
    def end(self) -> float:
        """When to end it, by `now`."""
        ...

    def abort(self) -> None:
        """End it, from the thread of the watchdog; raise nothing."""


class Watchdog:
    """Cuts what is watched when its time is up.

    Nothing here holds a lock while it waits or is asked, so that a signal, a finalizer or a fork
    may come at any moment.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything: a child has none of its parent's threads."""
        self._watched: set[Watched] = set()
        self._wakeups: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._next_check = inf
        self._thread: threading.Thread | None = None
        self._start_lock = threading.RLock()
        self._is_starting = False

    def watch(self, item: Watched) -> None:
        """Cut an item at its end, unless it is forgotten before.

        Raises:
            ApiConnectionException: no thread can be had.

        """
        self._watched.add(item)
        if self._thread is None or not self._thread.is_alive():
            self._start()
        if item.end < self._next_check:
            self._wakeups.put(None)

    def forget(self, item: Watched) -> None:
        """Leave an item alone."""
        self._watched.discard(item)

    def wake(self) -> None:
        """Look at once whose time is up: an end was moved."""
        self._wakeups.put(None)

    def _start(self) -> None:
        if not threading.main_thread().is_alive():
            return  # Python ends, and starts no thread any more: sockets have their time-outs
        with self._start_lock:
            # Of another thread, or of this one, which a signal has struck below.
            is_alive = self._thread is not None and self._thread.is_alive()
            if is_alive or self._is_starting:
                return
            self._is_starting = True
            self._thread = threading.Thread(
                target=self._run, name="gentrace-deadlines", daemon=True
            )
            try:
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
            self._next_check = inf  # whoever comes while this thread looks wakes it once more
            moment = now()
            for item in list(self._watched):
                if item.end <= moment:
                    self._watched.discard(item)
                    with suppress(Exception):  # of one that a tool brought; the others count on us
                        item.abort()
            self._next_check = min((item.end for item in list(self._watched)), default=inf)
            with suppress(queue.Empty):
                self._wakeups.get(timeout=min(max(0.0, self._next_check - now()), _LONGEST_WAIT))


_LONGEST_WAIT = 3600.0
"""Seconds that any platform can wait at once."""

watchdog = Watchdog()
"""The watchdog of this process."""

call_after_fork(watchdog.reset)
