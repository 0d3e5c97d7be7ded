"""`gentrace spool --send`: sends the runs of orphaned files to their host."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from gentrace.api_client import ApiClient
from gentrace.cli.output import warn
from gentrace.configuration import Configuration
from gentrace.delivery import Delivery
from gentrace.delivery.receipt import MEANINGS
from gentrace.delivery.sending import Outcome, Sender
from gentrace.delivery.spool_claim import claim
from gentrace.delivery.spool_paths import paths_in
from gentrace.exceptions import ApiException, ApiValueError

if TYPE_CHECKING:
    from pathlib import Path

FLUSH_TIMEOUT = 60.0
"""Seconds; if no run is delivered in this time, sending ends."""

MAX_AGE = 100 * 365 * 86400.0
"""Seconds, a century: no run is too old to be sent by hand."""

_INVALID_RUN = frozenset({400, 413, 422})
"""Statuses that refuse one run; with others, a server refuses all of them."""


def send_orphans(directory: Path, host: str) -> bool:
    """Send the runs of all files for one host; return whether all were delivered.

    One run is sent first. If the server cannot take runs, the others stay where they are.
    """
    try:
        configuration = Configuration(host)
    except ApiValueError as error:
        warn(f"{host}: nothing is sent: {error}")
        return False
    with ApiClient(configuration) as client:
        delivery = Delivery(client, spool=directory, spool_max_age=MAX_AGE)
        off = delivery.off_reason()
        if off is not None:
            warn(f"{host}: nothing is sent: {MEANINGS[off]}")
            return False
        first = _send_first(directory, host, Sender(client, 1))
        if first is None:
            return False
        is_done = _flush(delivery)
        delivery.close(1)
        stats = delivery.stats()
    dropped = sum(stats.dropped.values())
    warn(f"{host}: {first + stats.delivered} delivered, {dropped} dropped, {stats.queued} left")
    return is_done and not dropped and not stats.queued


def _send_first(directory: Path, host: str, sender: Sender) -> int | None:
    """Send one run, if there is one; return how many were delivered, None if none can be.

    One that was delivered is removed from its file.
    """
    for path in paths_in(directory):
        with suppress(sqlite3.Error, OSError):  # the delivery says what it cannot read
            file = claim(path, host, warn, lambda *_: None)
            if file is None:
                continue
            with closing(file):
                ((row, key, _, size),) = file.load(0, 1)
                outcome = sender.send(file.body(row) or b"", key)
                if outcome.kind == "delivered":
                    file.remove(row, size, bound=2**30)
                    return 1
            if _refuses_all(outcome):
                warn(f"{host}: nothing is sent: {outcome.error}")
                return None
            if outcome.kind == "transient":
                warn(f"{host}: {outcome.error}")
            return 0
    return 0


def _refuses_all(outcome: Outcome) -> bool:
    """Tell whether the server cannot be reached, or takes no run with these settings."""
    status = outcome.error.status if isinstance(outcome.error, ApiException) else 0
    is_refused = outcome.kind == "refused" and status not in _INVALID_RUN
    return outcome.kind == "denied" or status == 0 or is_refused


def _flush(delivery: Delivery) -> bool:
    """Send runs while some are delivered; return whether none is left."""
    while True:
        delivered = delivery.stats().delivered
        if delivery.flush(FLUSH_TIMEOUT):
            return True
        if delivery.stats().delivered == delivered:
            return False
