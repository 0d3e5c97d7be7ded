"""The counters of a delivery, as one immutable value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from frozendict import frozendict


class Drops(frozendict[str, int]):
    """How many runs were dropped, by reason; 0 for any other reason."""

    def __missing__(self, reason: str) -> int:
        return 0


@dataclass(frozen=True, slots=True)
class DeliveryStats:
    """A consistent snapshot of a delivery: accepted = delivered + queued + in_flight + all dropped.

    Attributes:
        accepted: runs that were submitted, or adopted from the spool of another process.
        delivered: runs that the server has stored.
        queued: runs that wait in memory or in the spool.
        in_flight: runs that are being sent.
        dropped: runs that are never sent, by reason; 0 for any other reason.
        bytes: bytes held in memory: the bodies, and 2 KiB a run.

    """

    accepted: int = 0
    delivered: int = 0
    queued: int = 0
    in_flight: int = 0
    dropped: Drops = Drops()  # noqa: RUF009 - it is immutable
    bytes: int = 0

    def moved(  # noqa: PLR0913 - one argument a counter
        self,
        *,
        accepted: int = 0,
        delivered: int = 0,
        queued: int = 0,
        in_flight: int = 0,
        dropped: str | None = None,
        held: int = 0,
    ) -> DeliveryStats:
        """Return the counters after runs changed state: by how many, and the reason of a drop."""
        drops = self.dropped
        if dropped is not None:
            made: Any = Drops({**drops, dropped: drops[dropped] + 1})
            drops = made
        return DeliveryStats(
            self.accepted + accepted,
            self.delivered + delivered,
            self.queued + queued,
            self.in_flight + in_flight,
            drops,
            self.bytes + held,
        )
