"""How much a delivery holds and does at once."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits that `Delivery` gets as arguments; their meanings are there."""

    max_runs: int = 10_000
    max_bytes: int = 64 * 2**20
    workers: int = 4
    spool: Path | None = None
    spool_max_bytes: int = 2**30
    spool_max_age: float = inf
