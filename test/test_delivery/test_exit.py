"""The end of the interpreter with runs that are not sent yet."""

import re
import subprocess
import sys
from types import ModuleType

import pytest
from support.deliveries import PATIENCE, RUN, delivering, files, list_spool
from support.peers import Peer, drip, echo, head_of, refuser, reply, stall
from support.programs import run_program

MARGIN = 1
"""Seconds that a slow machine may add to what is promised."""


def keys(peer):
    return sorted(request["Idempotency-Key"] for request in peer.requests)


def test_what_is_queued_is_sent_while_the_program_ends():
    with Peer() as peer:
        run_program("end_with_runs", peer.url, 50, PATIENCE)
        assert keys(peer) == sorted(f"run {n}" for n in range(50))


def test_runs_are_sent_at_the_end_when_others_were_before():
    """Idle connections are closed by then."""
    with Peer() as peer:
        run_program("end_warm", peer.url)
        assert keys(peer) == ["at exit", "first"]


SLOW = drip(head_of(headers={"Content-Length": 1000}), b"x", every=0.05)


@pytest.mark.parametrize("step", [stall, SLOW, reply(503)], ids=["hangs", "drips", "fails"])
def test_the_end_waits_no_longer_than_it_may(step):
    """`exit_timeout` and half a second, whatever the server does; nothing on standard error."""
    with Peer(step) as peer:
        seen = run_program("end_with_runs", peer.url, 20, 1)
        assert 1 <= seen["took"] < 1 + 0.5 + MARGIN


def test_the_end_waits_no_longer_when_nobody_listens():
    with refuser() as (host, port):
        seen = run_program("end_with_runs", f"http://{host}:{port}", 20, 1)
        assert seen["took"] < 1 + 0.5 + MARGIN


def test_several_deliveries_end_at_the_same_time():
    with Peer(stall) as peer:
        seen = run_program("end_with_several", peer.url, 5, 1)
        assert seen["took"] < 1 + 0.5 + MARGIN
        assert len(keys(peer)) == 5


def test_an_exit_timeout_of_0_does_not_wait():
    with Peer(stall) as peer:
        seen = run_program("end_with_runs", peer.url, 20, 0)
        assert seen["took"] < 0.5 + MARGIN


def test_a_run_of_an_exit_function_is_sent():
    """No thread can start at that time on 3.12 and later."""
    with Peer() as peer:
        run_program("end_at_exit", peer.url)
        assert keys(peer) == ["at exit"]


def test_a_run_of_an_exit_function_holds_up_the_end_no_longer_than_it_may():
    with Peer(stall) as peer:
        seen = run_program("end_at_exit", peer.url, 1)
        assert seen["took"] < 1 + 0.5 + MARGIN


def test_a_process_of_celery_closes_its_deliveries_before_it_ends():
    """See also test_tools/test_celery.py."""
    with Peer() as peer:
        run_program("end_as_in_celery", peer.url)
        assert keys(peer) == ["of a task"]


def test_a_process_of_multiprocess_closes_its_deliveries_before_it_ends():
    """See also test_tools/test_multiprocess.py."""
    with Peer() as peer:
        run_program("end_as_in_multiprocess", peer.url)
        assert sorted(keys(peer)) == ["of task 0", "of task 1"]


def test_a_run_is_queued_while_another_thread_imports_celery(monkeypatch):
    monkeypatch.setitem(sys.modules, "celery.signals", ModuleType("celery.signals"))
    with Peer() as peer, delivering(peer) as delivery:
        assert delivery.submit(RUN).result(30)


def test_a_package_of_the_program_may_be_called_multiprocess(monkeypatch):
    monkeypatch.setitem(sys.modules, "multiprocess.process", ModuleType("multiprocess.process"))
    with Peer() as peer, delivering(peer) as delivery:
        assert delivery.submit(RUN).result(30)


@pytest.mark.parametrize("count", [0, 10])
def test_a_delivery_that_began_with_runs_of_others_is_closed_too(spool, count):
    """So that nothing is left of its file; whether or not it had runs of its own."""
    with Peer() as peer:
        run_program("leave", peer.url, 2, spool)
        seen = run_program("end_adopted", peer.url, spool, count)
        assert seen == {"adopted": 2, "delivered": True}
        assert len(peer.requests) == 2 + count
    assert files(spool) == []


def test_the_default_delivery_is_closed_too():
    with Peer(reply(500), echo) as peer:
        run_program("end_by_default", peer.url, GENTRACE_HOST=peer.url)
        assert keys(peer) == ["default", "default"]


def test_what_is_dropped_at_the_end_is_said_where_somebody_listens(tmp_path):
    """All of it, also what a minute has not passed for; where nobody does, nothing is written."""
    with Peer(stall) as peer:
        run_program("end_heard", peer.url, tmp_path / "log")
        said = (tmp_path / "log").read_text()
        counts = [
            int(count) for count in re.findall(r"(\d+) runs? (?:was|were) dropped: closed", said)
        ]
        assert sum(counts) == 101
        run_program("end_with_runs", peer.url, 3, 0)


def test_a_receipt_can_be_waited_for_in_an_exit_function():
    """Where no thread can start, whoever waits sends the run."""
    with Peer() as peer:
        run_program("end_waiting", peer.url)
        assert keys(peer) == ["awaited", "waited for"]


LATE = """
import atexit

def late():
    delivery = gentrace.Delivery(gentrace.ApiClient(gentrace.Configuration({url!r}, "token")))
    for _ in range(2):
        receipt = delivery.submit({{"name": "n", "step_runs": []}})
        print(receipt.done(), delivery.stats().dropped["closed"])

atexit.register(late)
import gentrace
if {is_loaded}:
    gentrace.Delivery
"""


@pytest.mark.parametrize("is_loaded", [True, False])
def test_a_delivery_is_closed_where_it_is_first_used_after_all_were(is_loaded):
    """In an exit function that was registered before: nobody would send a run later.

    Also in a program that has no threads, and did not load `threading` itself.
    """
    with Peer() as peer:
        done = subprocess.run(  # noqa: S603 - our own
            [sys.executable, "-c", LATE.format(url=peer.url, is_loaded=is_loaded)],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        )
        assert (done.stdout, len(peer.requests)) == ("True 0\nTrue 1\n", 1)


def test_a_run_of_a_finalizer_ends_after_the_exit_functions(tmp_path, spool):
    """It is on disk for the next process, or dropped as closed, and said where somebody listens."""
    with Peer() as peer:
        run_program("end_finalized", peer.url, spool, tmp_path / "log")
        assert len(peer.requests) == 1
    lines = "".join(sorted((tmp_path / "log").read_text().splitlines(keepends=True)))
    assert lines == "1 run was dropped: closed\n" * 2 + "closed 0\n" * 2 + "spooled 1\n"
    (left,) = list_spool(spool)
    assert left.runs == 1


def test_a_thread_that_records_until_the_end_puts_nothing_on_standard_error():
    """Its runs are dropped as closed; nobody has set up logging to hear of it."""
    with Peer(echo, stall) as peer:
        run_program("end_recording", peer.url)


def test_a_finalizer_does_not_wait_for_a_thread_that_was_stopped(tmp_path, spool):
    """As the interpreter ends, it stops threads wherever they are, also where they hold a lock."""
    assert run_program("end_stopped", "", spool, tmp_path / "log") == {"stopped": True}
    assert (tmp_path / "log").read_text() == "False False\n"
