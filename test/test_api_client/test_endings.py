"""Calls under way when the program ends, and clients that are carried through a fork."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.peers import Peer

SCRIPT = Path(__file__).parents[1] / "support" / "endings.py"
PATIENCE = 60


def run(name, peer):
    """What a function of `endings` prints; what it writes to standard error is an error."""
    done = subprocess.run(  # noqa: S603 - our own
        # From Python 3.12 on it warns of each fork of a process with threads.
        [
            *(sys.executable, "-W", "error", "-W", "ignore:This process:DeprecationWarning"),
            *(SCRIPT, name, peer.url),
        ],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize(
    ("name", "keys"), [("three_calls", {"one", "two", "three"}), ("dropped_client", {"one"})]
)
def test_calls_under_way_are_finished_before_the_program_ends(name, keys):
    with Peer() as peer:
        assert run(name, peer) == ""
        assert {request["Idempotency-Key"] for request in peer.requests} == keys


def test_calls_under_way_in_a_child_are_finished_before_it_ends():
    with Peer() as peer:
        assert run("call_in_child", peer) == "0\n"
        assert {r["Idempotency-Key"] for r in peer.requests} == {"one", "two", "three"}


def test_call_that_begins_as_the_program_ends_is_finished_or_refused():
    """From Python 3.12 on, no thread starts then: the refusal is said on standard error."""
    with Peer() as peer:
        if sys.version_info < (3, 12):
            assert run("first_call_at_exit", peer) == ""
            assert [r["Idempotency-Key"] for r in peer.requests] == ["one"]


def test_call_in_a_thread_at_the_interpreters_end_is_refused_with_the_remedy():
    with Peer() as peer:
        words = run("call_at_exit", peer)
        assert "no thread can be started" in words
        assert "without async_req" in words
        assert len(peer.requests) == 1


def test_plain_call_works_at_the_interpreters_end():
    with Peer() as peer:
        assert run("plain_call_at_exit", peer) == "200\n"


def test_child_with_the_process_id_of_its_parent_has_connections_of_its_own():
    with Peer() as peer:
        assert run("same_process_id", peer) == "True 0\n"
        by_child = {r.connection for r in peer.requests if r["Idempotency-Key"].startswith("child")}
        others = {
            r.connection for r in peer.requests if not r["Idempotency-Key"].startswith("child")
        }
        assert not by_child & others
