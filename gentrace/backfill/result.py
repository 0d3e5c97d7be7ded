"""The result of sending lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gentrace.backfill.lines import Line


@dataclass(frozen=True, slots=True)
class Reject:
    """A line that is not a valid run, or that the server rejected.

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
        sent: how many the server acknowledged.
        duplicates: how many repeat a line that was acknowledged in this call.
        skipped: how many were acknowledged in an earlier call with the same state.
        rejected: how many are not valid runs, or were rejected by the server.
        rejects: the rejected lines, unless they were passed to `on_reject`.

    """

    lines: int = 0
    sent: int = 0
    duplicates: int = 0
    skipped: int = 0
    rejected: int = 0
    rejects: list[Reject] = field(default_factory=list["Reject"])
