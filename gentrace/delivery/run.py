"""One run that waits or is being sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gentrace.delivery.receipt import Receipt
    from gentrace.delivery.spool_file import SpoolFile

OVERHEAD = 2048
"""How many bytes of memory a run counts for besides its body."""


@dataclass(eq=False, repr=False, slots=True)
class Run:
    """One run that waits or is being sent.

    Attributes:
        key: its idempotency key.
        body: its JSON text; None while only a file of the spool has it.
        size: how many bytes the body has.
        receipt: what the caller of `submit` got; None for a run adopted from another process.
        accepted_at: when it was accepted, in seconds since the epoch.
        held: how many bytes of memory the run counts for.
        is_accepted: whether it is counted.
        file: the file of the spool that has it; None for a run in memory only.
        number: its row in that file, or its place among the runs in memory; 0 before it has one.
        failures: how many tries failed in a transient way.
        own_failures: how many of these count as its own: the first, and each that had another run
            delivered since the last one that counted.
        delivered_at_failure: how many runs had been delivered at the last one that counted.
        due: when it may be tried again.

    """

    key: str
    body: bytes | None = None
    size: int = 0
    receipt: Receipt | None = None
    accepted_at: float = 0.0
    held: int = 0
    is_accepted: bool = False
    file: SpoolFile | None = None
    number: int = 0
    failures: int = 0
    own_failures: int = 0
    delivered_at_failure: int = -1
    due: float = 0.0

    def __post_init__(self) -> None:
        if self.body is not None:
            self.size = len(self.body)
