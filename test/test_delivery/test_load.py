"""Many threads, and a server that fails at random: counters and receipts are right all the time."""

import random
import threading
from collections import Counter

import pytest
from support.deliveries import RUN, balances, delivering
from support.effort import times
from support.peers import Peer, close, echo, reply, reset, then

RUNS = times(2000)
THREADS = 8
CHANCE = random.SystemRandom()


def hang_a_moment(talk, _=None):
    talk.pause(0.3)


FAULTS = [reply(429), reply(500), reply(413), then(hang_a_moment, close), reset]


def sporadic(talk, request):
    (CHANCE.choice(FAULTS) if CHANCE.random() < 0.01 else echo)(talk, request)


@pytest.mark.parametrize("kind", ["memory", "spool"])
def test_each_receipt_ends_once_and_the_counters_add_up(kind, tmp_path, record_property):
    ends, stop, wrong = Counter(), threading.Event(), []
    options = {"max_runs": 10 * RUNS, "max_bytes": 2**31}
    if kind == "spool":
        options["spool"] = tmp_path / "spool"
    with Peer(sporadic) as peer, delivering(peer, **options) as delivery:

        def look():
            while not stop.is_set():
                stats = delivery.stats()
                if not balances(stats):
                    wrong.append(stats)

        def submit():
            for _ in range(RUNS // THREADS):
                receipt = delivery.submit(RUN)
                receipt.add_done_callback(lambda done: ends.update([done.idempotency_key]))

        looker = threading.Thread(target=look)
        looker.start()
        threads = [threading.Thread(target=submit) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        flushed = delivery.flush(600)
        stop.set()
        looker.join()
        stats = delivery.stats()
    assert wrong == []
    assert flushed
    assert balances(stats)
    assert stats.accepted == len(ends) == RUNS // THREADS * THREADS
    assert set(ends.values()) == {1}
    assert set(stats.dropped) <= {"refused"}
    assert (stats.queued, stats.in_flight, stats.bytes) == (0, 0, 0)
    record_property("delivered", stats.delivered)
