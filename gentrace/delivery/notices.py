"""Warnings of a delivery on the logger `gentrace`, rate-limited: each once a minute, with a count.

`PendingWarnings` decides which warnings are due; `warning_logger` logs them.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from http import HTTPStatus
from logging import getLogger
from math import inf

from gentrace.exceptions import ApiException, exception_class, printable

logger = getLogger("gentrace")

WARNING_INTERVAL = 60.0
"""Seconds between two warnings for the same reason."""

_warned: dict[str, object] = {}
"""What `warn_once` has warned about."""


def warn(message: str) -> None:
    """Warn on the logger `gentrace`, with the unprintable characters of the message escaped.

    Exceptions of a handler or filter, which are the user's code, are suppressed.
    """
    with suppress(Exception):
        logger.warning("%s", printable(message))


def warn_once(about: str, message: str) -> None:
    """Warn, unless this process has been warned about that already."""
    mine = object()
    if _warned.setdefault(about, mine) is mine:  # in one step, as threads may ask at once
        warn(message)


def without_answer(error: Exception | None) -> str:
    """Return the text of an error without the server's words, which may repeat the run."""
    if not isinstance(error, ApiException):
        return str(error)
    status = error.status
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:  # it is not registered, or 0: no answer came
        # What came instead of HTTP stands behind the colon.
        phrase = "" if status else (error.reason or "").partition(" of HTTP: ")[0]
    return str(exception_class(status)(status, phrase))


class PendingWarnings:
    """Collects warnings and counts of drops until they are due. Any thread may add some."""

    def __init__(self) -> None:
        self._drops: dict[str, int] = {}
        self._causes: dict[str, Exception | None] = {}  # of the last drop for each reason
        self._next: dict[str, float] = {}
        # Texts, and the topic of each that is rate-limited.
        self._messages: deque[tuple[str, str | None]] = deque()

    def __bool__(self) -> bool:
        """Tell whether there are any."""
        return bool(self._messages or self._drops)

    def add(self, message: str) -> None:
        """Add a warning that is due at once."""
        self._messages.append((message, None))

    def add_rate_limited(self, message: str, error: Exception | None = None) -> None:
        """Add a warning that may come again and again: one a minute is logged, others are not.

        With another error of its kind it is the same warning: one may name a new file each time.
        """
        text = topic = message
        if error is not None:
            code = getattr(error, "errno", None) or getattr(error, "sqlite_errorcode", None)
            text, topic = f"{message}: {error}", f"{message}: {type(error).__name__} {code}"
        self._messages.append((text, topic))

    def count_drop(self, reason: str, cause: Exception | None) -> None:
        """Count a dropped run, for the next warning about that reason."""
        self._causes[reason] = cause  # first: an interrupt may come between the two
        self._drops[reason] = self._drops.get(reason, 0) + 1

    def expedite_drops(self) -> None:
        """Make the warnings of all counted drops due at once."""
        for reason in list(self._drops):
            self._next.pop(reason, None)

    def pop_due(self, now: float) -> list[str]:
        """Remove the warnings that are due, and return them."""
        due: list[str] = []
        for about, again in list(self._next.items()):
            if again <= now:  # forgotten, as texts with a path may be many
                self._next.pop(about, None)
        while self._messages:
            message, topic = self._messages.popleft()
            if topic is None or self._is_due(topic, now):
                due.append(message)
        for reason in list(self._drops):
            if self._is_due(reason, now):
                count = self._drops.pop(reason)
                runs = "1 run was" if count == 1 else f"{count} runs were"
                due.append(f"{runs} dropped: {reason}{_because(reason, self._causes.pop(reason))}")
        return due

    def wait(self, now: float) -> float:
        """Return how many seconds it is until the next warning, `inf` if there is none."""
        if self._messages:
            return 0.0
        waits = [self._next.get(reason, now) - now for reason in list(self._drops)]
        return max(0.0, min(waits, default=inf))

    def _is_due(self, about: str, now: float) -> bool:
        if about in self._next:
            return False
        self._next[about] = now + WARNING_INTERVAL
        return True


def _because(reason: str, cause: Exception | None) -> str:
    """Return the end of a warning, which says what caused the last drop, if that is known."""
    if cause is None:
        return ""
    text = without_answer(cause)
    return f", the last one by {text}" if reason == "refused" else f"; the last try failed: {text}"
