"""One run that waits or is being sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gentrace.delivery.receipt import Receipt
    from gentrace.delivery.spool_file import SpoolFile

OVERHEAD = 2048
"""How many bytes of memory a run counts for besides its body."""


class Run:
    """One run that waits or is being sent.

    Attributes:
        key: its idempotency key.
        body: its JSON text; None while only a file of the spool has it.
        size: how many bytes the body has.
        held: how many bytes of memory the run counts for.
        receipt: what the caller of `submit` got; None for a run adopted from another process.
        accepted_at: when it was accepted, in seconds since the epoch.
        is_accepted: whether it is counted.
        file: the file of the spool that has it; None for a run in memory only.
        number: its row in that file, or its place among the runs in memory; 0 before it has one.
        failures: how many tries failed in a transient way.
        own_failures: how many of these count as its own: the first, and each that had another run
            delivered since the last one that counted.
        delivered_at_failure: how many runs had been delivered at the last one that counted.
        due: when it may be tried again.

    """

    __slots__ = (
        "accepted_at",
        "body",
        "delivered_at_failure",
        "due",
        "failures",
        "file",
        "held",
        "is_accepted",
        "key",
        "number",
        "own_failures",
        "receipt",
        "size",
    )

    def __init__(
        self,
        key: str,
        body: bytes | None = None,
        *,
        size: int = 0,
        receipt: Receipt | None = None,
        accepted_at: float = 0.0,
    ) -> None:
        self.key = key
        self.body = body
        self.size = size if body is None else len(body)
        self.held = 0
        self.receipt = receipt
        self.accepted_at = accepted_at
        self.is_accepted = False
        self.file: SpoolFile | None = None
        self.number = 0
        self.failures = 0
        self.own_failures = 0
        self.delivered_at_failure = -1
        self.due = 0.0
