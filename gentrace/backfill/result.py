"""What became of the lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gentrace.backfill.lines import Line


@dataclass(frozen=True, slots=True)
class Reject:
    """A line that is no run, or that the server refused.

    Attributes:
        line: the line.
        reason: what is wrong with it.

    """

    line: Line
    reason: str


@dataclass
class BackfillResult:
    """Counts of lines; blank ones count nowhere.

    Attributes:
        lines: how many were read.
        sent: how many the server has stored, as far as it said so.
        duplicates: how many had the key of another line.
        skipped: how many an earlier run had sent, as its state says.
        rejected: how many are no runs, or were refused.
        rejects: these, unless they were given to `on_reject`.

    """

    lines: int = 0
    sent: int = 0
    duplicates: int = 0
    skipped: int = 0
    rejected: int = 0
    rejects: list[Reject] = field(default_factory=list["Reject"])
