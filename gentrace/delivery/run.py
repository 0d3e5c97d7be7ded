"""One run on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gentrace.delivery.receipt import Receipt
    from gentrace.delivery.spool_file import SpoolFile

OVERHEAD = 2048
"""How many bytes a run is counted with besides its body."""


class Run:
    """One run that waits or is being sent.

    Attributes:
        key: its idempotency key.
        body: its JSON text; None while it is in a file of the spool alone.
        size: how many bytes the body has.
        held: how many bytes it is counted with in memory.
        receipt: what its sender holds; None for one adopted from another process.
        accepted_at: when it was accepted, in seconds since the epoch.
        is_accepted: whether it is counted.
        file: the file of the spool that holds it; None for one in memory alone.
        number: its row in that file, or else its place in the order of being accepted; 0 before.
        failures: how often it failed in a way that may pass.
        strikes: how many of these others did not share: one was delivered since the last.
        seen: how many were delivered when it last failed so.
        due: when it may be tried again.

    """

    __slots__ = (
        "accepted_at",
        "body",
        "due",
        "failures",
        "file",
        "held",
        "is_accepted",
        "key",
        "number",
        "receipt",
        "seen",
        "size",
        "strikes",
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
        self.strikes = 0
        self.seen = -1
        self.due = 0.0
