"""What tests of a delivery share: a clock in the test's hand, and runs."""

import io
import json
import sqlite3
import threading
from collections import Counter
from contextlib import closing, contextmanager, redirect_stdout
from types import SimpleNamespace

from support.peers import echo

from gentrace import ApiClient, Configuration
from gentrace.cli.spool import main as show_spool
from gentrace.delivery import Delivery
from gentrace.delivery.clock import Clock

RUN = {"name": "answer-question", "step_runs": []}
ODD = "0-000000000000000a.sqlite3"
"""A name that a spool may give a file of its own; it comes before those of processes."""
TOKEN = "token-of-a-test"  # noqa: S105 - of nobody
PATIENCE = 30
"""Seconds after which something hangs."""


class HandClock(Clock):
    """Stands still until the test moves it; every wait drawn is the longest one."""

    def __init__(self, now=1000.0):
        self._now = now
        self._lock = threading.Lock()
        self.drawn = []
        self.looks = 0

    def now(self):
        return self._now

    def time(self):
        return self._now

    def draw(self, most):
        self.drawn.append(most)
        return most

    def wait(self, wakes, seconds):
        """Wait a moment: whoever waits looks again, whether it was moved or not."""
        self.looks += 1
        wakes.wait(0.002)

    def move(self, seconds):
        with self._lock:
            self._now += seconds


class Gate:
    """What a peer answers once the test says so."""

    def __init__(self):
        self.go = threading.Event()

    def __call__(self, talk, request):
        self.go.wait(PATIENCE)
        echo(talk, request)


def make_client(where, **settings):
    host = where if isinstance(where, str) else where.url
    return ApiClient(Configuration(host, **{"access_token": TOKEN} | settings))


def files(spool):
    """The names of what is in a spool."""
    return sorted(path.name for path in spool.iterdir())


def make_controlling(path):
    """Make a file's SQLite error repeat control characters and a line break that stand in it."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DROP TABLE runs")
        database.execute("CREATE VIEW runs AS SELECT [\x1b[2J\nanother line] AS id")


def keys(peer):
    """How often a server got each idempotency key."""
    return Counter(request["Idempotency-Key"] for request in peer.requests)


def timed(clock):
    """A class of deliveries that have this clock."""
    return type("TimedDelivery", (Delivery,), {"clock": clock})


@contextmanager
def delivering(where, clock=None, settings=None, **options):
    """A delivery to a server; it is closed without waiting."""
    kind = Delivery if clock is None else timed(clock)
    with make_client(where, **settings or {}) as client:
        delivery = kind(client, **options)
        try:
            yield delivery
        finally:
            delivery.close(0)


def list_spool(directory):
    """What `gentrace spool DIRECTORY` says of each file."""
    output = io.TextIOWrapper(io.BytesIO(), "utf-8")
    with redirect_stdout(output):
        show_spool([str(directory), "--json"])
    output.seek(0)
    return [SimpleNamespace(**json.loads(line)) for line in output]


def total(stats):
    """What became of all accepted runs."""
    return stats.delivered + stats.queued + stats.in_flight + sum(stats.dropped.values())


def balances(stats):
    return stats.accepted == total(stats) and min(stats.queued, stats.in_flight, stats.bytes) >= 0
