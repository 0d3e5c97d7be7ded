"""Waking a thread that waits."""

from __future__ import annotations

import threading


class Wakeup:
    """Wakes one thread that waits; signal handlers and finalizers may set it at any moment.

    Events and conditions have a lock that is not reentrant. The time-out of `SimpleQueue.get` never
    ends, up to Python 3.12, if a signal handler takes longer than that.
    """

    def __init__(self) -> None:
        self._unset = threading.Lock()
        self._unset.acquire()

    def set(self) -> None:
        """Wake the thread that waits, or else the next one."""
        try:
            self._unset.release()
        except RuntimeError as error:
            # Set already; gevent's lock words it in its own way.
            if "release" not in str(error):
                raise  # what a signal handler raised

    def wait(self, seconds: float | None) -> None:
        """Wait until it is set, and unset it; at most so long, None for no limit."""
        self._unset.acquire(timeout=-1 if seconds is None else seconds)
