"""The progress of a long command: a bar on a terminal, else a line every few seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from gentrace.backfill.lines import STANDARD_INPUT
from gentrace.cli.output import warn
from gentrace.exceptions import printable

if TYPE_CHECKING:
    from gentrace.backfill.result import BackfillResult
    from gentrace.exceptions import ApiException

LINE_INTERVAL: Final = 10.0
"""Seconds between two lines, if there is no bar."""

MIN_SHOWN_PAUSE: Final = 5.0
"""Seconds; shorter pauses before a retry are not printed."""

BAR_FORMAT: Final = "{percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"
COUNTER_FORMAT: Final = "{elapsed}{postfix}"
"""The formats of tqdm for files, and for input of unknown size."""


class Progress:
    """Shows on standard error how much of the files was read, and the counts of their lines.

    tqdm draws the bar; the extra `cli` installs it. Without tqdm, lines are printed.

    Args:
        result: the counts at the start.
        files: the files that are read.

    """

    def __init__(self, result: BackfillResult, files: Sequence[str]) -> None:
        self.result = result
        self._bytes_read = 0
        self._start = time.monotonic()
        self._next_line = self._start + LINE_INTERVAL
        self._pause_end = self._start
        self._bar = _make_bar(files) if sys.stderr.isatty() else None

    def read(self, size: int) -> None:
        """Count bytes of the files that were read."""
        self._bytes_read += size

    def show(self, result: BackfillResult) -> None:
        """Set the counts, and show them if the last time is long enough ago."""
        self.result = result
        now = time.monotonic()
        rate = result.sent / max(now - self._start, 0.001)
        text = f"{result.lines} lines, {result.sent} sent, {rate:.0f} a second"
        if self._bar is not None:
            self._bar.set_postfix_str(text, refresh=False)
            # tqdm limits how often it draws.
            self._bar.update(self._bytes_read - self._bar.n)
        elif now >= self._next_line:
            self._next_line = now + LINE_INTERVAL
            warn(text)

    def pause(self, error: ApiException, seconds: float) -> None:
        """Print why a run waits for a retry, unless another run already waits for longer."""
        now = time.monotonic()
        if seconds >= MIN_SHOWN_PAUSE and now >= self._pause_end:
            self._pause_end = now + seconds
            self.warn(f"{error}; trying again in {seconds:.0f} s")

    def warn(self, text: str) -> None:
        """Print a line on standard error, above the bar."""
        if self._bar is None:
            warn(text)
        else:
            self._bar.write(printable(text), file=sys.stderr)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()


def _make_bar(files: Sequence[str]) -> Any:
    """Return a tqdm bar for the bytes of the files, None if tqdm is not installed."""
    try:
        tqdm: Any = import_module("tqdm")
    except ModuleNotFoundError:
        return None
    is_size_known = STANDARD_INPUT not in files
    size = sum(Path(file).stat().st_size for file in files) if is_size_known else 0
    # A class of our own: other bars of the program keep the lock of tqdm.
    bar_type: Any = type("Bar", (tqdm.tqdm,), {})
    bar_type.set_lock(_FreeLock())
    return bar_type(
        total=size or None,
        bar_format=BAR_FORMAT if size else COUNTER_FORMAT,
        # Redraw by time only, also if no bytes are counted.
        miniters=0,
        leave=False,
        file=sys.stderr,
    )


class _FreeLock(nullcontext[None]):
    """A lock that is always free, as the calls of a bar already come one at a time.

    Ctrl-C while a bar is drawn leaves tqdm's own lock acquired, and other threads wait for it.
    """

    def acquire(self, *_: object) -> bool:
        return True

    def release(self) -> None:
        pass
