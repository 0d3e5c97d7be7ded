"""Ctrl-C and handlers of signals that raise while a run is accepted; a process that is stopped."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from support.deliveries import PATIENCE, RUN, Gate, balances, delivering, files, keys
from support.peers import Peer, echo, stall
from support.programs import PROGRAMS, UNMEASURED, run_program

from gentrace.delivery import DeliveryStats, Receipt

KINDS = [KeyboardInterrupt, SystemExit, TimeoutError]
"""What a handler raises; a bare TimeoutError is nobody else's."""


@contextmanager
def struck(monkeypatch, moment, kind, times):
    """Raise something before or after runs are written, as a handler does that comes then."""
    left = [kind] * times

    class Connection(sqlite3.Connection):
        def execute(self, statement, *values):
            is_write = "INTO runs" in statement
            if is_write and left and moment == "before":
                raise left.pop()
            result = super().execute(statement, *values)
            if is_write and left and moment == "after":
                raise left.pop()
            return result

    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *args, **more: connect(*args, factory=Connection, **more)
    )
    yield left
    assert left == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_run_whose_write_is_interrupted_is_accepted(spool, monkeypatch, moment, kind):
    """The interrupt passes through, and the run is sent once; so are others."""
    with Peer() as peer, struck(monkeypatch, moment, kind, 1):
        with delivering(peer, spool=spool) as delivery:
            first, second = Receipt(), Receipt()
            with pytest.raises(kind):
                delivery.enqueue(b"{}", first)
            delivery.enqueue(b"{}", second)
            assert first.result(30)
            assert second.result(30)
            assert delivery.stats() == DeliveryStats(2, 2)
        assert list(keys(peer).values()) == [1, 1]
    assert files(spool) == []


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_run_whose_write_is_interrupted_over_and_over_is_not_accepted(spool, monkeypatch, moment):
    """And nothing is left of it."""
    with Peer() as peer, struck(monkeypatch, moment, KeyboardInterrupt, 4):
        with delivering(peer, spool=spool) as delivery:
            with pytest.raises(KeyboardInterrupt):
                delivery.enqueue(b"{}", Receipt())
            assert delivery.stats() == DeliveryStats()
            assert delivery.submit(RUN).result(30)
        assert list(keys(peer).values()) == [1]
    assert files(spool) == []


def test_a_run_beyond_what_memory_holds_is_accepted_too(spool, monkeypatch):
    gate = Gate()
    with Peer(gate, echo) as peer, struck(monkeypatch, "after", KeyboardInterrupt, 0) as left:
        with delivering(peer, spool=spool, max_runs=1) as delivery:
            receipts = [delivery.submit(RUN), Receipt(), Receipt()]
            left.append(KeyboardInterrupt)
            with pytest.raises(KeyboardInterrupt):
                delivery.enqueue(b"{}", receipts[1])
            delivery.enqueue(b"{}", receipts[2])
            assert delivery.stats().accepted == 3
            assert balances(delivery.stats())
            gate.go.set()
            assert all(receipt.result(30) for receipt in receipts)
        assert list(keys(peer).values()) == [1, 1, 1]


@pytest.mark.parametrize("kept", ["in memory", "in a spool"])
def test_interrupts_at_random_moments_leave_the_counters_right(spool, kept):
    """Each run that was accepted is sent once, and nothing is left to wait for."""
    with Peer() as peer:
        more = [spool] if kept == "in a spool" else []
        seen = run_program("interrupt_with_errors", peer.url, 200, *more, **UNMEASURED)
        assert seen.pop("accepted") == len(keys(peer))
        assert set(keys(peer).values()) == {1}
    assert seen == {"done": True, "balances": True, "left": 0}
    assert more == [] or files(spool) == []


def test_a_process_that_was_stopped_goes_on_to_send():
    """What its deadline ended meanwhile is tried again; what was answered meanwhile has arrived."""
    answered = Gate()

    def step(talk, request):
        key = request["Idempotency-Key"]
        if key == "hangs" and keys(peer)[key] == 1:
            stall(talk)
        elif key == "late":
            answered(talk, request)
        else:
            echo(talk, request)

    with Peer(step) as peer:
        command = [sys.executable, PROGRAMS, "be_stopped", peer.url]
        program = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603 - our own
        try:
            assert program.stdout.readline() == b"waiting\n"
            peer.wait(lambda: len(peer.requests) >= 2)
            program.send_signal(signal.SIGSTOP)
            answered.go.set()
            time.sleep(1.5)  # longer than a call may take; nothing depends on it
            program.send_signal(signal.SIGCONT)
            seen = json.loads(program.communicate(timeout=PATIENCE * 2)[0])
        finally:
            program.kill()
            program.wait()
            program.stdout.close()
        assert seen == {"done": True, "reasons": ["delivered"] * 3}
        assert set(keys(peer)) == {"hangs", "late", "queued"}
        assert keys(peer)["hangs"] > 1
