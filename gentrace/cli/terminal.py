"""Text for a terminal: untrusted text, durations and tables."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final
from unicodedata import category, east_asian_width

from gentrace.exceptions import printable

SECOND: Final = 1000
MINUTE: Final = 60 * SECOND
MAX_MARKS: Final = 4
"""How many characters of a text are looked at for each column that it may take."""


def one_line(text: str, width: int) -> str:
    """Return a text as one line of at most `width` columns, truncated with "…".

    Unprintable characters are escaped, so that the text cannot move the cursor, change colours or
    reverse the direction of what follows.
    """
    # Truncate first, as the text may be long. A column may take several characters: its marks.
    cut = text[: width * MAX_MARKS]
    shown = printable(cut)
    ends = list(accumulate(map(_columns_of, shown), initial=0))
    if ends[-1] <= width and cut == text:
        return shown
    return f"{shown[: bisect_right(ends, width - 1) - 1]}…"


def columns(text: str) -> int:
    """Return how many columns a text takes in a terminal: two for each Chinese character."""
    return sum(map(_columns_of, text))


def pad(text: str, width: int) -> str:
    """Return a text with spaces behind it, so that it takes at least `width` columns."""
    return text + " " * (width - columns(text))


def duration(milliseconds: float | None) -> str:
    """Format a duration with a suitable unit; ``-`` if it is not known."""
    if milliseconds is None:
        return "-"
    if milliseconds < SECOND:
        return f"{milliseconds:.4g} ms"
    if milliseconds < MINUTE - 5:  # it would be shown as 60.00 s
        return f"{milliseconds / SECOND:.2f} s"
    minutes, seconds = divmod(round(milliseconds / SECOND), 60)
    return f"{minutes} min {seconds} s"


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the rows as lines with aligned columns."""
    widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(map(pad, row, widths)).rstrip()


def _columns_of(character: str) -> int:
    if category(character) in ("Mn", "Me"):  # marks on the character before
        return 0
    return 2 if east_asian_width(character) in ("W", "F") else 1
