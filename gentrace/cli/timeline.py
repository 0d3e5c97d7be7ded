"""Steps on a time axis, a line each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gentrace.cli.terminal import duration, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LABEL_SHARE: Final = 3
"""The part of the width that labels may take: one in so many."""

BLOCK: Final = "█"
PLAIN: Final = "#"


@dataclass(frozen=True, slots=True)
class Bar:
    """One step.

    Attributes:
        label: what it is called.
        start: milliseconds from the start of the axis to its own.
        took: how many milliseconds it took.
        failed: whether it failed.

    """

    label: str
    start: float
    took: float
    failed: bool


def draw(bars: Sequence[Bar], width: int, encoding: str) -> Iterator[str]:
    """Give a line for each of some bars; failed ones begin with ``!``.

    Args:
        bars: the bars, one at least.
        width: how many characters a line may have.
        encoding: what the output can carry: blocks, or else ``#``.

    """
    block = BLOCK if _carries(encoding, BLOCK) else PLAIN
    labels = [one_line(bar.label, width // LABEL_SHARE) for bar in bars]
    times = [duration(bar.took) for bar in bars]
    label_width, time_width = max(map(len, labels)), max(map(len, times))
    room = width - label_width - time_width - len("!   ")
    scale = room / (max(bar.start + bar.took for bar in bars) or 1)
    for bar, label, time in zip(bars, labels, times, strict=True):
        # One block at least, and none beyond the end.
        start = min(int(bar.start * scale), room - 1)
        length = min(max(1, round(bar.took * scale)), room - start)
        drawn = f"{' ' * start}{block * length}"
        mark = "!" if bar.failed else " "
        yield f"{mark} {label:{label_width}} {drawn:{room}} {time:>{time_width}}"


def _carries(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
