"""freezegun: a clock that stands still."""

import logging
import sqlite3
from contextlib import closing

from calls import fail, main, make, post, tell
from freezegun import freeze_time

import gentrace
import gentrace.testing
from gentrace.local import writing

THEN = "2026-06-01"


def tool_first(url):
    with freeze_time(THEN):
        run = post(make(url), "one")
    tell(runs=[run, post(make(url), "two")])


def call_first(url):
    api = make(url)
    first = post(api, "one")
    with freeze_time(THEN):
        second = post(api, "two")
    tell(runs=[first, second, post(api, "three")])


def deadline_tool_first(url):
    with freeze_time(THEN):
        tell(**fail(make(url), timeout=1))


def deadline_call_first(url):
    fail(make(url), timeout=0.3)
    with freeze_time(THEN, tick=False):
        tell(**fail(make(url), timeout=1))


def jump(url):
    """The clock jumps a year ahead in the middle of a call's life."""
    with freeze_time(THEN) as frozen:
        api = make(url)
        first = post(api, "one", timeout=20)
        frozen.tick(366 * 86400)
        tell(runs=[first, post(api, "two", timeout=20)])


def kit_across(_url):
    """The clock stops while a server runs, and goes on before it ends."""
    with gentrace.testing.serve() as server:
        with freeze_time(THEN):
            server.delay(0.1)
            post(make(server.url))
        tell(names=[run["name"] for run in server.wait_for_runs(1)])


def kit_within(_url):
    """The clock stands still from a server's start to its end."""
    with freeze_time(THEN), gentrace.testing.serve() as server:
        post(make(server.url))
        tell(names=[run["name"] for run in server.wait_for_runs(1)])


def busy(_url):
    """Another program writes to a server's database and does not end."""
    logging.getLogger("gentrace.local").addHandler(logging.NullHandler())
    writing.BUSY_TIMEOUT = 0.2
    with freeze_time(THEN), gentrace.local.serve(database="runs.sqlite3") as server:
        with closing(sqlite3.connect("runs.sqlite3", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            seen = fail(make(server.url), timeout=20)
        tell(**seen)


def step(_url):
    """The clock stops during a step."""
    frozen = freeze_time(THEN)
    run = gentrace.Pipeline("p").start()
    with run.step("model") as step:
        frozen.start()
    frozen.stop()
    run.discard()
    tell(elapsed=step.elapsed_time)


def flush(url):
    """A delivery waits for a server that hangs, first while the clock stands still."""
    logging.getLogger("gentrace").addHandler(logging.NullHandler())  # the drop is said
    delivery = gentrace.Delivery(gentrace.ApiClient(gentrace.Configuration(url)))
    with freeze_time(THEN):
        delivery.submit({"name": "a", "step_runs": []})
        is_done = delivery.flush(0.5)
    tell(answers=[is_done, delivery.close(0.1)])


def spool(url):
    """A run is stored while the clock stands still, and read when it goes on."""
    delivery = gentrace.Delivery(gentrace.ApiClient(gentrace.Configuration(url)), spool="spool")
    with freeze_time("2012-01-01"):
        receipt = delivery.submit({"name": "a", "step_runs": []})
        delivery.flush(0.1)
    delivery.flush(30)
    tell(is_delivered=receipt.exception(0) is None, is_closed=delivery.close(5))


main(globals())
