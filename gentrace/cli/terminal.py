"""Text for a terminal: untrusted text, durations and tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Final

from gentrace.exceptions import printable

SECOND: Final = 1000
MINUTE: Final = 60 * SECOND


def one_line(text: str, width: int) -> str:
    """Return a text as one line of at most `width` characters, truncated with "…".

    Unprintable characters are escaped, so that the text cannot move the cursor, change colours or
    reverse the direction of what follows.
    """
    # Truncate first, as the text may be long; escapes make it longer, so truncate again.
    shown = printable(text[: width + 1])
    return shown if len(shown) <= width else f"{shown[: width - 1]}…"


def duration(milliseconds: float | None) -> str:
    """Format a duration with a suitable unit; ``-`` if it is not known."""
    if milliseconds is None:
        return "-"
    if milliseconds < SECOND:
        return f"{milliseconds:.4g} ms"
    if milliseconds < MINUTE:
        return f"{milliseconds / SECOND:.2f} s"
    minutes, seconds = divmod(round(milliseconds / SECOND), 60)
    return f"{minutes} min {seconds} s"


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the rows as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip_longest(*rows, fillvalue="")]
    for row in rows:
        cells = (f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
