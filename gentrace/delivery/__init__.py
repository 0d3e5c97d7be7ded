"""Delivery of runs in the background: queued, sent with retries, and accounted for.

`Delivery` takes runs and sends them, `Receipt` says of each how it ended, `DeliveryStats` counts
them. `default_delivery` is the one that is used where none is named.
"""

from gentrace.delivery.default import default_delivery, set_default_delivery
from gentrace.delivery.delivery import Delivery
from gentrace.delivery.receipt import DeliveryError, Receipt
from gentrace.delivery.stats import DeliveryStats

__all__ = [
    "Delivery",
    "DeliveryError",
    "DeliveryStats",
    "Receipt",
    "default_delivery",
    "set_default_delivery",
]
