"""Cancelling a call from another thread than the one that makes it."""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import TYPE_CHECKING

from gentrace.rest.watchdog import watchdog
from gentrace.wakeup import Wakeup

if TYPE_CHECKING:
    from gentrace.rest.deadline import Deadline


class Cancellation:
    """Cancels the calls of each context in which `current_cancellation` is set to it; for good.

    Attributes:
        deadline: the deadline of these calls; it runs already while they wait for a thread.
        wakeup: wakes the call where it waits for a connection or a retry; it looks at the deadline.

    """

    wakeup: Wakeup | None = None

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline

    def cancel(self) -> None:
        """End the call under way and each that begins later; any thread may call this."""
        self.deadline.expire()
        if self.wakeup is not None:
            self.wakeup.set()
        watchdog.wake()


current_cancellation: ContextVar[Cancellation | None] = ContextVar(
    "current_cancellation", default=None
)
"""What cancels the calls made in this context; None if nothing does."""


def pause(seconds: float) -> None:
    """Wait between two attempts of a call, until it is cancelled."""
    cancel = current_cancellation.get()
    if cancel is None:
        time.sleep(seconds)
    else:
        cancel.wakeup = Wakeup()
        cancel.wakeup.wait(max(0.0, min(seconds, cancel.deadline.remaining())))
