"""Ending a call from outside of the thread that makes it."""

from __future__ import annotations

import threading
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING

from gentrace.rest.watchdog import watchdog

if TYPE_CHECKING:
    from gentrace.rest.deadline import Deadline


class Cancel:
    """Ends the calls of the context in which it is `cancelling`, once and for good.

    Attributes:
        deadline: theirs, in place of one of their own: it runs while they wait for a thread.

    """

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        self._asked = threading.Event()

    def cancel(self) -> None:
        """End the call under way, and each that begins later; from any thread."""
        self.deadline.expire()
        self._asked.set()
        watchdog.wake()

    def pause(self, seconds: float) -> None:
        """Wait, unless the call is ended meanwhile."""
        self._asked.wait(seconds)


cancelling: ContextVar[Cancel | None] = ContextVar("cancelling", default=None)
"""What can end the calls that are made here; None for nothing."""


def pause(seconds: float) -> None:
    """Wait between two attempts of a call."""
    cancel = cancelling.get()
    if cancel is None:
        time.sleep(seconds)
    else:
        cancel.pause(seconds)
