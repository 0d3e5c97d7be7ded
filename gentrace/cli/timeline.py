"""Steps drawn as bars on a time axis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gentrace.cli.terminal import columns, duration, one_line, pad

LABEL_SHARE: Final = 3
"""Labels may take one part in so many of the width."""

BLOCK: Final = "█"
ASCII_BLOCK: Final = "#"


@dataclass(frozen=True, slots=True)
class Bar:
    """One step.

    Attributes:
        label: its name.
        start: its start, in milliseconds from the start of the axis.
        duration_ms: its duration in milliseconds.
        failed: whether it failed.

    """

    label: str
    start: float
    duration_ms: float
    failed: bool


def draw(bars: Sequence[Bar], width: int, encoding: str) -> Iterator[str]:
    """Yield a line for each bar; a failed one begins with ``!``.

    Args:
        bars: the bars, at least one.
        width: the maximum length of a line, in columns.
        encoding: the encoding of the output; without block characters, ``#`` is drawn.

    """
    block = BLOCK if _can_encode(encoding, BLOCK) else ASCII_BLOCK
    labels = [one_line(bar.label, width // LABEL_SHARE) for bar in bars]
    times = [duration(bar.duration_ms) for bar in bars]
    label_width, time_width = max(map(columns, labels)), max(map(len, times))
    bar_width = width - label_width - time_width - len("!   ")
    scale = bar_width / (max(bar.start + bar.duration_ms for bar in bars) or 1)
    for bar, label, time in zip(bars, labels, times, strict=True):
        # At least one block, also at the end of the axis.
        start = min(int(bar.start * scale), bar_width - 1)
        length = max(1, round(bar.duration_ms * scale))
        picture = f"{' ' * start}{block * length}"
        mark = "!" if bar.failed else " "
        yield f"{mark} {pad(label, label_width)} {picture:{bar_width}} {time:>{time_width}}"


def _can_encode(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
