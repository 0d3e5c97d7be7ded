"""One run on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from gentrace.delivery.receipt import Receipt


class Place(Protocol):
    """A file of a spool: runs that are stored there are found again by their row."""

    @property
    def receipts(self) -> MutableMapping[int, Receipt]:
        """The receipts of runs of this process that are in the file alone, by row."""
        ...

    def body(self, row: int) -> bytes | None:
        """Return the body of a run; None if it is not there."""
        ...

    def remove(self, row: int) -> None:
        """Forget a run, which has ended."""

    def load(self, beyond: int, count: int) -> list[Run]:
        """Return the next runs beyond a row, without their bodies."""
        ...


OVERHEAD = 2048
"""How many bytes a run is counted with besides its body."""


class Run:
    """One run that waits or is being sent.

    Attributes:
        body: its JSON text; None while it is in a spool only.
        size: how many bytes the body has.
        key: its idempotency key.
        receipt: what its sender holds; None for one adopted from another process.
        place: the file of the spool that holds it, None for one in memory alone.
        row: its number in that file, in the order of being accepted.
        serial: its number in the order of being accepted, if it is in memory alone.
        accepted_at: when it was accepted, in seconds since the epoch.
        failures: how often it failed in a way that may pass.
        strikes: how many of these others did not share: one was delivered since the last.
        seen: how many were delivered when it last failed so.
        due: when it may be tried again.
        is_read: whether its body is read from its file to be sent.
        is_over: whether it has ended.

    """

    __slots__ = (
        "accepted_at",
        "body",
        "due",
        "failures",
        "is_over",
        "is_read",
        "key",
        "place",
        "receipt",
        "row",
        "seen",
        "serial",
        "size",
        "strikes",
    )

    def __init__(
        self,
        key: str,
        *,
        body: bytes | None = None,
        size: int = 0,
        receipt: Receipt | None = None,
        accepted_at: float = 0.0,
    ) -> None:
        self.key = key
        self.body = body
        self.size = size if body is None else len(body)
        self.receipt = receipt
        self.accepted_at = accepted_at
        self.place: Place | None = None
        self.row = 0
        self.serial = 0
        self.failures = 0
        self.strikes = 0
        self.seen = -1
        self.due = 0.0
        self.is_read = False
        self.is_over = False

    @property
    def held(self) -> int:
        """How many bytes it holds in memory."""
        return OVERHEAD + (self.size if self.is_read or self.body is not None else 0)
