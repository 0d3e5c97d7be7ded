"""Forked children: none sends the parent's runs, none loses its own."""

import gc
import multiprocessing.process
import multiprocessing.util
import threading
import weakref
from collections import Counter

import pytest
from support.deliveries import RUN, delivering, files, keys
from support.peers import Peer, echo, stall
from support.programs import run_program

from gentrace.process import register_fork_lock


def hang_some(talk, request):
    hangs = {"hangs", "run 0", "run 1"}
    (stall if request["Idempotency-Key"] in hangs else echo)(talk, request)


def test_a_child_starts_empty_and_sends_its_own():
    children = 6
    with Peer() as peer:
        seen = run_program("fork", peer.url, children)
        expected = [f"parent {n}" for n in range(200)]
        expected += [f"before {n}" for n in range(children)]
        expected += [f"child {c} {n}" for c in range(children) for n in range(5)]
        assert keys(peer) == Counter(expected)
    assert seen == {"codes": [0] * children, "delivered": True, "reasons": ["delivered"]}


def test_a_child_is_known_without_a_hook():
    """As where a C program forks."""
    with Peer(hang_some) as peer:
        assert run_program("fork_unseen", peer.url) == {"code": 0, "pending": True}
        assert keys(peer) == Counter(["hangs", "parent", *(f"child 0 {n}" for n in range(5))])


def test_a_child_leaves_runs_that_its_parent_adopted(spool):
    with Peer(hang_some) as peer:
        run_program("leave", peer.url, 2, spool)
        assert run_program("fork_with_adopted", peer.url, spool) == {"code": 0}
        sent = keys(peer)
    assert {f"child 0 {n}" for n in range(5)} <= set(sent)
    assert set(sent.values()) == {1}


@pytest.mark.parametrize("how", ["sys.exit", "os._exit"])
def test_a_child_ends_as_it_likes(how):
    with Peer() as peer:
        assert run_program("fork_and_exit", peer.url, how) == {"code": 0}
        assert keys(peer) == Counter(["parent", "child"])


def test_a_grandchild_knows_too():
    with Peer(hang_some) as peer:
        assert run_program("fork_twice", peer.url) == {"code": 0}


def test_a_child_knows_the_end_of_a_receipt_that_was_ending():
    assert run_program("fork_while_ending") == {"code": 0, "result": "run"}


@pytest.mark.parametrize("how", ["pool", "executor", "process"])
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_of_multiprocessing_deliver_before_they_end(method, how):
    """A preloading parent, and children that run no exit function before 3.13."""
    with Peer() as peer:
        assert run_program("workers", peer.url, method, how) == {"all": True}
        assert keys(peer) == Counter(["preloaded", *(f"worker {n}" for n in range(6))])


def test_forks_wait_for_no_file_of_a_spool_to_be_looked_through(spool):
    """And a child takes the file over when its parent is through with it."""
    with Peer() as peer:
        run_program("leave", peer.url, 80, spool)
        seen = run_program("fork_while_looking", peer.url, spool)
        assert seen.pop("seen") < 70
        assert seen == {"code": 0}
        assert len(keys(peer)) == 80
    assert files(spool) == []


def test_a_worker_of_multiprocessing_is_told_once_to_close_its_deliveries(monkeypatch):
    """However many it makes: what it is told stays until its end."""
    told = []
    monkeypatch.setattr(multiprocessing.process, "parent_process", object)
    monkeypatch.setattr(multiprocessing.util, "Finalize", lambda *_, **more: told.append(more))
    with Peer() as peer:
        for _ in range(3):
            with delivering(peer) as delivery:
                delivery.submit(RUN)
    assert len(told) <= 1


def test_forks_wait_for_no_lock_that_is_gone():
    """Such as that of a delivery whose counters alone were asked for."""
    lock = threading.RLock()
    register_fork_lock(lock)
    seen = weakref.ref(lock)
    del lock
    gc.collect()
    assert seen() is None
