"""Receipts' callbacks that wait for other runs, in a thread that sends them."""

import time
from typing import ClassVar

import pytest
from support.deliveries import RUN, TOKEN, Gate, delivering
from support.peers import Peer, echo, reply, stall

from gentrace import ApiClient, Configuration, Delivery


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("end", ["flush", "close"])
def test_a_callback_that_waits_for_the_other_runs_sends_them(end, workers):
    """In the one thread that sends, or in all of them at the same time."""
    gate = Gate()
    with Peer(gate, echo) as peer, delivering(peer, workers=workers) as delivery:
        receipts = [delivery.submit(RUN)]
        peer.wait(lambda: peer.requests)
        answers = []
        receipts[0].add_done_callback(lambda _: answers.append(getattr(delivery, end)(30)))
        receipts += [delivery.submit(RUN) for _ in range(20)]
        gate.go.set()
        assert all(receipt.result(30) for receipt in receipts)
        peer.wait(lambda: answers)
        assert answers == [True]


def test_callbacks_that_all_flush_hang_nothing():
    """Of one in the other, the inner one says how it is."""
    gate = Gate()
    with Peer(gate, echo) as peer, delivering(peer, workers=1) as delivery:
        receipts = [delivery.submit(RUN) for _ in range(200)]
        answers = []
        for receipt in receipts:
            receipt.add_done_callback(lambda _: answers.append(delivery.flush()))
        gate.go.set()
        assert delivery.flush(30)
        peer.wait(lambda: len(answers) == 200)
        assert answers == [False] * 198 + [True] * 2


@pytest.mark.parametrize("timeout", [30, (10, 30), (10, 30, 60)])
def test_a_flush_in_a_callback_ends_in_its_time(timeout):
    """Though it is in the middle of a request then."""
    gate = Gate()
    settings = {"timeout": timeout}
    with Peer(gate, stall) as peer, delivering(peer, settings=settings, workers=1) as delivery:
        first = delivery.submit(RUN)
        took = []

        def flush(_):
            began = time.monotonic()
            answer = delivery.flush(0.3)
            took.append((answer, time.monotonic() - began))

        first.add_done_callback(flush)
        delivery.submit(RUN)
        gate.go.set()
        peer.wait(lambda: took)
        ((answer, seconds),) = took
        assert not answer
        assert 0.25 < seconds < 10
        assert delivery.stats().queued + delivery.stats().in_flight == 1


def test_a_flush_in_a_callback_waits_no_longer_than_its_time(caplog):
    """For a run that must not be sent for longer."""
    gate = Gate()
    busy = reply(503, headers={"Retry-After": "200"})
    with Peer(gate, busy) as peer:
        with delivering(peer, workers=1) as delivery:
            first = delivery.submit(RUN)
            delivery.submit(RUN)
            answers = []
            first.add_done_callback(lambda _: answers.append(delivery.flush(0.3)))
            gate.go.set()
            peer.wait(lambda: answers)
            assert answers == [False]
            assert delivery.stats().queued == 1
        peer.wait(lambda: caplog.messages)  # a thread logs them
    assert len(peer.requests) == 2
    why = "(503) Service Unavailable"
    assert caplog.messages == [f"1 run was dropped: closed; the last try failed: {why}"]


class TotalsClient(ApiClient):
    """Notes how long each call may take as a whole."""

    totals: ClassVar[list[float]] = []

    def call_api(self, *arguments, timeout, **more):
        self.totals.append(timeout[2])
        return super().call_api(*arguments, timeout=timeout, **more)


@pytest.mark.parametrize(
    ("timeout", "total"), [(20, 20), ((5, 30), 60), ((40, 50), 90), ((5, 30, 70), 70)]
)
def test_a_long_flush_in_a_callback_lets_no_call_take_longer(timeout, total, monkeypatch):
    """Than calls of these settings do anywhere else."""
    monkeypatch.setattr(TotalsClient, "totals", [])
    gate = Gate()
    with (
        Peer(gate, echo) as peer,
        TotalsClient(Configuration(peer.url, TOKEN, timeout=timeout)) as client,
        Delivery(client, workers=1) as delivery,
    ):
        receipt = delivery.submit(RUN)
        answers = []
        receipt.add_done_callback(lambda _: answers.append(delivery.flush(600)))
        delivery.submit(RUN)
        gate.go.set()
        peer.wait(lambda: answers)
        assert answers == [True]
        assert client.totals == [total] * 2
