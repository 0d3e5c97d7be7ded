"""How much a delivery holds and does at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits that `Delivery` gets as arguments; their meanings are there."""

    max_runs: int
    max_bytes: int
    workers: int
    spool: Path | None
    spool_max_bytes: int
    spool_max_age: float
