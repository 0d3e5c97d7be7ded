"""Submitting in the middle of submitting: finalizers, signal handlers, greenlets."""

from support.effort import times
from support.peers import Peer
from support.programs import UNMEASURED, run_program

COLLECTIONS = times(3000)


def test_finalizers_and_signal_handlers_do_not_wait_for_themselves():
    with Peer() as peer:
        seen = run_program("interrupt", peer.url, COLLECTIONS, **UNMEASURED)
    assert seen.pop("runs") > 0
    assert seen == {"done": True, "balances": True, "all": True}


def test_a_finalizer_that_flushes_hangs_nothing():
    with Peer() as peer:
        seen = run_program("flush_in_a_finalizer", peer.url, **UNMEASURED)
    assert seen == {"done": True, "answered": True}


def test_under_gevent_it_works_as_with_threads():
    """Other greenlets run while runs are sent, and nothing is lost."""
    with Peer() as peer:
        seen = run_program("patched", peer.url, before=("-m", "gevent.monkey"))
    assert seen == {"results": 200, "done": True, "spun": True}
