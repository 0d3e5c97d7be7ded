"""What a delivery says on the logger `gentrace`: each thing once a minute, with its count."""

from __future__ import annotations

from collections import deque
from math import inf

EVERY = 60.0
"""Seconds between two warnings for one reason."""

_said: set[str] = set()


def warn(message: str) -> None:
    """Warn on the logger `gentrace`."""
    import logging  # noqa: PLC0415 - slow to import, and most programs are never warned

    logging.getLogger("gentrace").warning("%s", message)


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
        self._words: deque[str] = deque()
        self._lasting: dict[str, None] = {}

    def tell(self, words: str) -> None:
        """Have something said as soon as may be."""
        self._words.append(words)

    def remind(self, words: str) -> None:
        """Have something said that may come up again and again: once a minute."""
        self._lasting[words] = None

    def count(self, reason: str) -> None:
        """Count a drop."""
        self._counts[reason] = self._counts.get(reason, 0) + 1

    def due(self, now: float) -> list[str]:
        """Return the warnings that are to be said now; they are due no more."""
        words = list(self._words)
        self._words.clear()
        for text in list(self._lasting):
            if self._next.get(text, now) <= now:
                self._next[text] = now + EVERY
                words.append(text)
        self._lasting.clear()
        for reason in list(self._counts):
            if self._next.get(reason, now) <= now:
                count = self._counts.pop(reason)
                self._next[reason] = now + EVERY
                runs = "1 run was" if count == 1 else f"{count} runs were"
                words.append(f"{runs} dropped: {reason}")
        return words

    def wait(self, now: float) -> float:
        """Return how many seconds it is until the next warning, `inf` if there is none."""
        if self._words or self._lasting:
            return 0.0
        ends = [self._next.get(reason, now) - now for reason in list(self._counts)]
        return max(0.0, min(ends, default=inf))
