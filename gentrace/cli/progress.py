"""How far a long command is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gentrace.backfill.lines import STANDARD_INPUT
from gentrace.cli.output import warn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

    from gentrace.backfill.result import BackfillResult
    from gentrace.exceptions import ApiException

PAUSE: Final = 10.0
"""Seconds between two lines where there is no bar."""

LONG: Final = 5.0
"""Seconds of a pause between two tries that is said."""

BAR: Final = "{percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"
NO_BAR: Final = "{elapsed}{postfix}"
"""What tqdm draws of files, and of what has no known end."""


class Progress:
    """Shows on standard error how much of some files was read, and what became of it.

    The bar is drawn by tqdm, which the extra `cli` installs; without it there are lines.

    Args:
        result: the counts before the first line.
        files: the files that are read.

    """

    def __init__(self, result: BackfillResult, files: Sequence[str]) -> None:
        self.result = result
        self._read = 0
        self._begun = time.monotonic()
        self._next = self._begun + PAUSE
        self._pause_end = self._begun
        self._bar = _make_bar(files) if sys.stderr.isatty() else None

    def read(self, size: int) -> None:
        """Take so many more bytes of the files as read."""
        self._read += size

    def show(self, result: BackfillResult) -> None:
        """Take the counts as they are now, and show them if it is time to."""
        self.result = result
        now = time.monotonic()
        rate = result.sent / max(now - self._begun, 0.001)
        words = f"{result.lines} lines, {result.sent} sent, {rate:.0f} a second"
        if self._bar is not None:
            self._bar.set_postfix_str(words, refresh=False)
            # Draws as often as one can see.
            self._bar.update(self._read - self._bar.n)
        elif now >= self._next:
            self._next = now + PAUSE
            warn(words)

    def pause(self, error: ApiException, seconds: float) -> None:
        """Say why a run is tried again so much later, unless one waits of which that was said."""
        now = time.monotonic()
        if seconds >= LONG and now >= self._pause_end:
            self._pause_end = now + seconds
            self.warn(f"{error}; trying again in {seconds:.0f} s")

    def warn(self, text: str) -> None:
        """Print a line that is no result, above the bar."""
        if self._bar is None:
            warn(text)
        else:
            self._bar.write(text, file=sys.stderr)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take the bar away, for what comes after."""
        if self._bar is not None:
            self._bar.close()


def _make_bar(files: Sequence[str]) -> Any:
    """Make a bar of the files' bytes; None if tqdm is not installed."""
    try:
        tqdm: Any = import_module("tqdm")
    except ModuleNotFoundError:
        return None
    is_known = STANDARD_INPUT not in files
    size = sum(Path(file).stat().st_size for file in files) if is_known else 0
    return tqdm.tqdm(
        total=size or None,
        bar_format=BAR if size else NO_BAR,
        # By time alone, also where no bytes are counted.
        miniters=0,
        leave=False,
        file=sys.stderr,
    )
