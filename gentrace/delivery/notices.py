"""What a delivery says on the logger `gentrace`: each thing once a minute, with its count."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from functools import cache
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logging import Logger

EVERY = 60.0
"""Seconds between two warnings for one reason."""

_said: set[str] = set()


def warn(message: str) -> None:
    """Warn on the logger `gentrace`."""
    # Where modules are gone already, as the interpreter ends, nobody is there to be warned.
    with suppress(ImportError):
        _logger().warning("%s", message)


def is_heard() -> bool:
    """Tell whether somebody handles what is said; else Python writes it to standard error."""
    try:
        return _logger().hasHandlers()
    except ImportError:
        return False


@cache
def _logger() -> Logger:
    """Return the logger, which is kept: finalizers at the end of the interpreter import nothing."""
    import logging  # noqa: PLC0415 - slow to import, and most programs are never warned

    return logging.getLogger("gentrace")


def warn_once(about: str, message: str) -> None:
    """Warn, unless this process has been warned about that already."""
    if about not in _said:
        _said.add(about)
        warn(message)


class Notices:
    """Counts drops, and words a warning for each reason once a minute."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._next: dict[str, float] = {}
        # Any thread adds to them, at any time.
        self._words: deque[str] = deque()
        self._reminders: deque[str] = deque()

    def tell(self, words: str) -> None:
        """Have something said as soon as may be."""
        self._words.append(words)

    def remind(self, words: str) -> None:
        """Have something said that may come up again and again: once a minute."""
        self._reminders.append(words)

    def count(self, reason: str) -> None:
        """Count a drop."""
        self._counts[reason] = self._counts.get(reason, 0) + 1

    def hurry(self) -> None:
        """Have all drops that are counted said as soon as may be."""
        for reason in list(self._counts):
            self._next.pop(reason, None)

    def due(self, now: float) -> list[str]:
        """Return the warnings that are to be said now; they are due no more."""
        words: list[str] = []
        while self._words:
            words.append(self._words.popleft())
        while self._reminders:
            text = self._reminders.popleft()
            if self._is_due(text, now):
                words.append(text)
        for reason in list(self._counts):
            if self._is_due(reason, now):
                count = self._counts.pop(reason)
                runs = "1 run was" if count == 1 else f"{count} runs were"
                words.append(f"{runs} dropped: {reason}")
        return words

    def wait(self, now: float) -> float:
        """Return how many seconds it is until the next warning, `inf` if there is none."""
        if self._words or self._reminders:
            return 0.0
        ends = [self._next.get(reason, now) - now for reason in list(self._counts)]
        return max(0.0, min(ends, default=inf))

    def _is_due(self, about: str, now: float) -> bool:
        if self._next.get(about, now) > now:
            return False
        self._next[about] = now + EVERY
        return True
