"""Delivery of runs in the background: queued, sent with retries, and accounted for.

`Delivery` takes runs and sends them, `Receipt` says of each how it ended, `DeliveryStats` counts
them. `default_delivery` is the one that is used where none is named.

A run goes this way: `delivery` checks, masks and encodes it; `engine`, of which each process has
its own, holds the threads, and the one lock (`turns`) under which `queue` changes; `sending` makes
one try of it; and its `receipt` ends outside of the lock. `queue` draws what may become of a run,
`pauses` when runs are tried at all. With a spool, `spooled_queue` keeps the runs in the files of
`spool`, each a `spool_file` that belongs to the holder of a lock (`ownership`), and `spool_keeper`
looks after them. `notices` counts what is to be logged, and `speaker` says it.
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
