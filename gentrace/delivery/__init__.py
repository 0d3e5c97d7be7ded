"""Delivery of runs in the background: queued, sent with retries, and accounted for.

`Delivery` takes runs and sends them, a `Receipt` tells how one ended, `DeliveryStats` counts them.
`default_delivery` returns the one that is used where no other one is given.

The way of a run: `delivery` checks, masks and encodes it. `engine`, one a process, puts it into
`queue`, each change of which is an action of one `serial_executor`. A thread of `workers` takes it,
and `sending` makes one request. Its `receipt` ends outside of the lock. `queue` draws the states of
a run, `breaker` those of the delivery.

With a spool, `spooled_queue` keeps the runs in the files of `spool`. Each is a `spool_file`, which
belongs to the process that holds its lock (`ownership`); `spool_claim` checks one that nobody owns
any more, and `spool_maintainer` has the thread that maintains them. `notices` collects warnings,
`warning_logger` logs them, and `exits` closes deliveries at the end of the process.
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
