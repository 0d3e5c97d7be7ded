"""The CPU budget: how long the server may compute for one request body."""

import threading
import time
from typing import Final

from gentrace.local.responses import RequestError

# Reading the clock is slow, so it is read once in so many ticks.
TICKS_PER_CHECK: Final = 512


class _ThreadState(threading.local):
    """The state of one thread: when its body was started, and its ticks."""

    started = 0.0
    ticks = 0


class CpuBudget:
    """Limits the CPU time for one body: parsing, checking and comparing together.

    A small gzip body can hold millions of steps. `limit` is in seconds of CPU time, so that no body
    is rejected because the machine is busy.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._state = _ThreadState()

    def start(self) -> None:
        """Start the budget of a body, in this thread."""
        self._state.started = time.thread_time()

    def check(self) -> None:
        """Raise `RequestError` 413 if the budget of this thread's body is exhausted."""
        if time.thread_time() - self._state.started > self._limit:
            raise RequestError(413, f"the body takes longer than {self._limit:g} seconds to check")

    def tick(self) -> None:
        """Check the budget once in TICKS_PER_CHECK calls; for code that runs very often."""
        self._state.ticks += 1
        if self._state.ticks % TICKS_PER_CHECK == 0:
            self.check()

    def stop(self) -> None:
        """Make every further check fail, in all threads."""
        self._limit = -1
