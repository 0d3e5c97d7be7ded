"""Saying on the logger what a delivery has to say: its workers do, and then a thread of its own."""

from __future__ import annotations

import threading
from contextlib import suppress
from math import inf
from queue import SimpleQueue
from typing import TYPE_CHECKING

from gentrace.delivery.notices import EVERY, is_heard, warn

if TYPE_CHECKING:
    from collections.abc import Callable

    from gentrace.delivery.clock import Clock
    from gentrace.delivery.notices import Notices


class Speaker:
    """Says the notices of a delivery when they are due.

    Args:
        notices: what is to be said.
        clock: the time.
        act: carries out an action in turn.

    Attributes:
        is_exiting: whether the interpreter ends: nothing is said then where nobody listens.

    """

    def __init__(
        self, notices: Notices, clock: Clock, act: Callable[[Callable[[], None]], None]
    ) -> None:
        self._notices = notices
        self._clock = clock
        self._act = act
        self._is_running = False
        self.is_exiting = False

    def say(self) -> None:
        """Say what is due."""
        if self._notices.wait(self._clock.now()) > 0:
            return
        if self.is_exiting and not is_heard():
            return
        words: list[str] = []
        self._act(lambda: words.extend(self._notices.due(self._clock.now())))
        for text in words:
            warn(text)

    def start(self) -> None:
        """Have a thread say all that is left, as the workers hang or are gone."""
        if self._is_running or not self._has_more():
            return
        self._is_running = True
        try:
            threading.Thread(
                target=self._run, name="gentrace-delivery-notices", daemon=True
            ).start()
        except RuntimeError:  # none to be had, or the interpreter ends
            self._is_running = False

    def _run(self) -> None:
        wakes: SimpleQueue[None] = SimpleQueue()
        while self._is_running:
            self._clock.wait(wakes, min(EVERY, self._notices.wait(self._clock.now())))
            with suppress(Exception):  # of the user's own handler or filter
                self.say()
            # In turn: of what is counted later, whoever counts it finds no thread running.
            self._act(self._stop_if_done)

    def _stop_if_done(self) -> None:
        self._is_running = self._has_more()

    def _has_more(self) -> bool:
        return self._notices.wait(self._clock.now()) < inf
