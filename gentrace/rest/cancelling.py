"""Ending a call from outside of the thread that makes it."""

from __future__ import annotations

import threading
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Cancel:
    """Ends the calls of the context in which it is `cancelling`, once and for good."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._cut: Callable[[], object] | None = None

    def cancel(self) -> None:
        """End the call under way, and each that begins later; from any thread."""
        self._asked.set()
        cut = self._cut
        if cut is not None:
            cut()

    def guard(self, cut: Callable[[], object]) -> None:
        """Say how the call that begins now is ended; it may be called twice, by any thread."""
        self._cut = cut
        if self._asked.is_set():
            cut()

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
