"""Cancelling a call from another thread than the one that makes it."""

from __future__ import annotations

import threading
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING

from gentrace.rest.watchdog import watchdog

if TYPE_CHECKING:
    from gentrace.rest.deadline import Deadline
    from gentrace.wakeup import Wakeup


class Cancellation:
    """Cancels the calls of each context in which `current_cancellation` is set to it; for good.

    Attributes:
        deadline: the deadline of these calls; it runs already while they wait for a thread.
        turn: wakes the call where it waits for a connection.

    """

    turn: Wakeup | None = None

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        self._is_cancelled = threading.Event()

    def cancel(self) -> None:
        """End the call under way and each that begins later; any thread may call this."""
        self.deadline.expire()
        self._is_cancelled.set()
        if self.turn is not None:
            self.turn.set()
        watchdog.wake()

    def pause(self, seconds: float) -> None:
        """Wait until the time is over or the call is cancelled."""
        self._is_cancelled.wait(seconds)


current_cancellation: ContextVar[Cancellation | None] = ContextVar(
    "current_cancellation", default=None
)
"""What cancels the calls made in this context; None if nothing does."""


def pause(seconds: float) -> None:
    """Wait between two attempts of a call."""
    cancel = current_cancellation.get()
    if cancel is None:
        time.sleep(seconds)
    else:
        cancel.pause(seconds)
