"""Saying on the logger what a delivery has to say: its workers do, and then a thread of its own."""

from __future__ import annotations

from contextlib import suppress
from math import inf
from queue import SimpleQueue
from typing import TYPE_CHECKING

from gentrace.delivery.notices import EVERY, is_heard, warn
from gentrace.delivery.threads import start_thread
from gentrace.process import call_after_fork

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from gentrace.delivery.clock import Clock
    from gentrace.delivery.notices import Notices


MOMENT = 0.25
"""Seconds that the end of the program waits for a thread that is saying something."""


class Speaker:
    """Says the notices of a delivery when they are due.

    Args:
        notices: what is to be said.
        clock: the time.
        act: carries out an action in turn.

    Attributes:
        is_exiting: whether the program ends: `say_rest` alone says something then.

    """

    def __init__(
        self, notices: Notices, clock: Clock, act: Callable[[Callable[[], None]], None]
    ) -> None:
        self._notices = notices
        self._clock = clock
        self._act = act
        self._thread: threading.Thread | None = None
        self._is_running = False
        self._wakes: SimpleQueue[None] = SimpleQueue()
        self._has_hurried = False
        self.is_exiting = False

    def say(self) -> None:
        """Say what is due."""
        if self._notices.wait(self._clock.now()) > 0:
            return
        words: list[str] = []

        def take() -> None:
            # What is left then is said by the thread that ends the program: this one may be cut.
            if not self.is_exiting:
                words.extend(self._notices.due(self._clock.now()))

        self._act(take)
        for text in words:
            warn(text)

    def start(self) -> None:
        """Have a thread say all that is left, as the workers hang or are gone."""
        if self._is_running or self.is_exiting or not self._has_more():
            return
        self._is_running = True
        _speaking.add(self)
        self._thread = start_thread("notices", self._run)
        if self._thread is None:  # else it may be through already
            self._is_running = False

    def say_rest(self) -> None:
        """Say all that is left as the program ends, and after that what is due."""
        self.is_exiting = True
        thread, self._thread = self._thread, None
        words: list[str] = []

        def take() -> None:
            if not self._has_hurried:  # what comes later is said once a minute
                self._has_hurried = True
                self._notices.hurry()
            words.extend(self._notices.due(self._clock.now()))

        with suppress(Exception):  # of the user's own handler or filter, or where it comes from it
            if thread is not None:  # it may be in the middle of saying something
                self._wakes.put(None)
                thread.join(MOMENT)
            self._act(take)
            if is_heard():
                for text in words:
                    warn(text)

    def _run(self) -> None:
        while self._is_running and not self.is_exiting:
            self._clock.wait(self._wakes, min(EVERY, self._notices.wait(self._clock.now())))
            with suppress(Exception):  # of the user's own handler or filter
                self.say()
            # In turn: of what is counted later, whoever counts it finds no thread running.
            self._act(self._stop_if_done)

    def _stop_if_done(self) -> None:
        if not self._has_more():
            _speaking.discard(self)
            self._is_running = False

    def _has_more(self) -> bool:
        return self._notices.wait(self._clock.now()) < inf


def say_all() -> None:
    """Say all that is left, as the program ends, also of deliveries that are closed."""
    for speaker in list(_speaking):
        speaker.say_rest()


_speaking: set[Speaker] = set()
"""Those that have something left to say."""

call_after_fork(_speaking.clear)
