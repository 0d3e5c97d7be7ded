"""How far a long command is: one line that changes on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from gentrace.backfill.result import BackfillResult

TERMINAL_PAUSE: Final = 0.2
PAUSE: Final = 10.0
"""Seconds between two lines, on a terminal and elsewhere."""


class Progress:
    """Shows counts on standard error.

    Args:
        result: the counts before the first line.

    """

    def __init__(self, result: BackfillResult) -> None:
        self.result = result
        self._is_terminal = sys.stderr.isatty()
        self._pause = TERMINAL_PAUSE if self._is_terminal else PAUSE
        self._begun = time.monotonic()
        self._next = self._begun + self._pause

    def show(self, result: BackfillResult) -> None:
        """Take the counts as they are now, and show them if it is time to."""
        self.result = result
        now = time.monotonic()
        if now >= self._next:
            self._next = now + self._pause
            rate = result.sent / (now - self._begun)
            text = f"{result.lines} lines, {result.sent} sent, {rate:.0f} a second"
            sys.stderr.write(f"\r{text}\x1b[K" if self._is_terminal else f"{text}\n")
            sys.stderr.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave an empty line, for what comes after."""
        if self._is_terminal:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
