"""What programs of the tests of a delivery share."""

import threading

from gentrace import ApiClient, Configuration
from gentrace.delivery import Delivery, DeliveryError

RUN = {"name": "answer-question", "step_runs": []}
PATIENCE = 30


def make(url, *, spool=None, **options):
    options["spool"] = spool
    return Delivery(ApiClient(Configuration(url, "token")), **options)


def reason(receipt):
    """How a receipt ended: the reason, or "delivered"."""
    try:
        receipt.result(PATIENCE)
    except DeliveryError as error:
        return error.reason
    return "delivered"


def balances(stats):
    ended = stats.delivered + sum(stats.dropped.values())
    return stats.accepted == ended + stats.queued + stats.in_flight


def own_threads():
    return [t.name for t in threading.enumerate() if t.name.startswith("gentrace")]
