"""A queue with its spool, as a delivery has them, without its threads; and what befalls files."""

import sqlite3
from contextlib import closing
from math import inf

from gentrace.delivery import Receipt
from gentrace.delivery.limits import Limits
from gentrace.delivery.run import Run
from gentrace.delivery.spool import Spool
from gentrace.delivery.spooled_queue import SpooledQueue

HOST = "http://127.0.0.1:9"


def make_limits(**changed):
    """Give the limits of a delivery: those of its defaults, but no run is too old."""
    defaults = {
        "max_runs": 10_000,
        "max_bytes": 64 * 2**20,
        "workers": 4,
        "spool": None,
        "spool_max_bytes": 2**30,
        "spool_max_age": inf,
    }
    return Limits(**defaults | changed)


class Desk:
    """A queue with its spool, as a delivery has them, and what it says."""

    def __init__(self, directory, host=HOST, **limits):
        self.host = host
        self.said = []
        self.dropped = []
        limits = make_limits(**{"max_runs": 3} | limits)
        self.spool = Spool(directory, limits, lambda: self.host, lambda: 0.0, self.say)
        self.queue = SpooledQueue(limits, lambda most: most, self.count_drop, self.spool)

    def say(self, text, error=None):
        """Note a warning."""
        self.said.append(text if error is None else f"{text}: {error}")

    def count_drop(self, reason, _cause):
        """Note the reason of a drop."""
        self.dropped.append(reason)

    def accept(self, count, body=b"{}"):
        """Queue runs; their receipts."""
        receipts = [Receipt() for _ in range(count)]
        for receipt in receipts:
            self.queue.accept(Run(receipt.idempotency_key, body, receipt=receipt))
        return receipts

    def adopt(self):
        """Queue the runs of all files that are found; these files."""
        found = self.spool.claim_orphans()
        for file in found:
            self.queue.adopt(file)
        return found

    def ended(self):
        """The receipts that are to end, and why."""
        return {receipt: getattr(end, "reason", end) for receipt, end in self.queue.endings}

    def execute(self, statement):
        (file,) = self.spool.files()
        change(file.path, statement)


def change(path, statement):
    """Change a file as another program does."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute(statement)


def damage(path):
    """Spoil all pages of a file but the first; whoever has it open reads them anew."""
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    change(path, "PRAGMA user_version = 1")
