"""The time that computing over one body may take."""

import threading
import time
from typing import Final

from gentrace.local.refusal import Refusal

# Ticks between two looks at the clock, which is dear to ask.
TICKS: Final = 512


class _Own(threading.local):
    """What one thread is at."""

    begun = 0.0
    ticks = 0


class Clock:
    """Bounds the computing that is done for one body: parsing, checking and comparing together.

    `patience` is in seconds of computing, so that a busy machine refuses nothing. A small gzip body
    can hold millions of steps.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._own = _Own()

    def start(self) -> None:
        """Begin with a body, in this thread."""
        self._own.begun = time.thread_time()

    def look(self) -> None:
        """Refuse the body of this thread if its time is up."""
        if time.thread_time() - self._own.begun > self._patience:
            raise Refusal(413, f"the body takes longer than {self._patience:g} seconds to check")

    def tick(self) -> None:
        """Look now and then; for what is done very often."""
        self._own.ticks += 1
        if self._own.ticks % TICKS == 0:
            self.look()

    def stop(self) -> None:
        """Refuse whatever is being computed, in all threads."""
        self._patience = -1
