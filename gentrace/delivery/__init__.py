"""Delivery of runs in the background."""

from __future__ import annotations

from typing import Any

from gentrace.delivery.receipt import DeliveryError, Receipt

__all__ = ["DeliveryError", "Receipt", "default_delivery", "set_default_delivery"]

_default: list[Any] = [None]


def default_delivery() -> Any:
    """Return the delivery that is used where none is named."""
    return _default[0]


def set_default_delivery(delivery: Any) -> Any:
    """Put another delivery in its place, and return the previous one."""
    previous, _default[0] = _default[0], delivery
    return previous


class Delivery:
    """Delivers runs."""

    def __init__(self, *, mask: Any = None) -> None:
        self.mask = mask

    def off_reason(self) -> str | None:
        """Return why it delivers nothing."""
        return None

    def enqueue(self, body: bytes, receipt: Receipt) -> None:
        """Take a run."""

    def drop(self, receipt: Receipt, reason: str) -> None:
        """Count a drop."""
        receipt.end_with(reason)
