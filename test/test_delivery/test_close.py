"""Flushing and closing."""

import sys
import threading

import pytest
from support.caller import within
from support.deliveries import RUN, HandClock, balances, delivering, make_client
from support.peers import Peer, echo, refuser, reply, stall
from support.waiting import wait_until

from gentrace import ApiValueError
from gentrace.delivery import Delivery, DeliveryStats
from gentrace.delivery.clock import Clock


def test_flush_waits_for_what_was_accepted_before_it():
    with Peer() as peer, delivering(peer) as delivery:
        assert delivery.flush(0)
        receipts = [delivery.submit(RUN) for _ in range(50)]
        assert delivery.flush(30)
        assert all(receipt.done() for receipt in receipts)


def test_flush_does_not_wait_for_what_comes_after_it():
    """The run that hangs is submitted while the flush waits."""
    flushing = threading.current_thread()
    began, go = threading.Event(), threading.Event()
    late = []

    class SubmittingClock(Clock):
        def wait(self, wakeup, seconds):
            if threading.current_thread() is flushing and not late:
                late.append(delivery.submit(RUN))
                go.set()
            super().wait(wakeup, seconds)

    def first(talk, request):
        began.set()
        go.wait(30)
        echo(talk, request)

    with Peer(first, stall) as peer, delivering(peer, SubmittingClock()) as delivery:
        delivery.submit(RUN)
        assert began.wait(30)
        assert delivery.flush(30)
        assert [receipt.done() for receipt in late] == [False]


def test_flush_gives_up_after_its_time():
    with Peer(stall) as peer, delivering(peer) as delivery:
        delivery.submit(RUN)
        with within(0.3, least=0.3):
            assert not delivery.flush(0.3)
        assert delivery.stats().in_flight == 1


def test_flush_tries_at_once_what_waits():
    waiting = {}

    class LongestClock(Clock):
        def draw(self, most):
            return most

        def wait(self, wakeup, seconds):
            waiting[threading.get_ident()] = seconds
            super().wait(wakeup, seconds)
            del waiting[threading.get_ident()]

    def are_pausing():
        """Whether all have failed, and all workers wait for long."""
        waits = list(waiting.values())
        return (len(peer.requests), delivery.stats().queued, len(waits)) == (5, 5, 4) and all(
            seconds is None or seconds > 5 for seconds in waits
        )

    fails = [reply(503)] * 5
    with Peer(*fails, echo) as peer, delivering(peer, LongestClock()) as delivery:
        receipts = [delivery.submit(RUN) for _ in range(5)]
        wait_until(are_pausing)
        with within(5):  # the pause is one of 16 s
            assert delivery.flush(30)
        assert all(receipt.result(0) for receipt in receipts)


def test_close_sends_what_is_left_and_ends_the_threads():
    with Peer() as peer, make_client(peer) as client:
        before = set(threading.enumerate())
        delivery = Delivery(client)
        receipts = [delivery.submit(RUN) for _ in range(20)]
        assert delivery.close(30)
        assert all(receipt.result(0) for receipt in receipts)
        others = [t for t in threading.enumerate() if t not in before and "gentrace" in t.name]
        peer.wait(lambda: not any(thread.is_alive() for thread in others))
        assert delivery.close()


def test_what_is_left_at_the_end_is_dropped_as_closed():
    with Peer(stall) as peer, delivering(peer, workers=2) as delivery:
        receipts = [delivery.submit(RUN) for _ in range(5)]
        peer.wait(lambda: delivery.stats().in_flight == 2)
        assert not delivery.close(0)
        assert [receipt.exception(0).reason for receipt in receipts] == ["closed"] * 5
        assert delivery.stats() == DeliveryStats(5, dropped={"closed": 5})
        assert delivery.close(0)


def test_the_last_failure_is_the_cause_of_what_is_closed():
    clock = HandClock()
    with refuser() as (host, port), delivering(f"http://{host}:{port}", clock) as delivery:
        receipt = delivery.submit(RUN)
        wait_until(lambda: clock.drawn)  # the wait after the first try
        delivery.close(0)
        assert receipt.exception(0).__cause__.status == 0


def test_a_failure_before_a_success_is_no_cause_of_what_is_closed():
    clock = HandClock()
    with Peer(reply(500), echo, stall) as peer, delivering(peer, clock) as delivery:
        first = delivery.submit(RUN)
        peer.wait(lambda: delivery.stats().queued == 1 and len(peer.requests) == 1)
        clock.move(60)
        assert first.result(30)
        receipt = delivery.submit(RUN)
        delivery.close(0)
        assert receipt.exception(0).__cause__ is None


def test_a_run_after_the_end_is_accepted_and_dropped():
    with Peer() as peer, delivering(peer) as delivery:
        delivery.submit(RUN).result(30)
        assert delivery.close()
        assert delivery.submit(RUN).exception(0).reason == "closed"
        assert delivery.stats() == DeliveryStats(2, 1, dropped={"closed": 1})


def test_leaving_the_block_closes():
    with Peer() as peer, make_client(peer) as client:
        with Delivery(client) as delivery:
            receipt = delivery.submit(RUN)
        assert receipt.result(0)
        assert delivery.submit(RUN).exception(0).reason == "closed"


def test_a_given_client_is_not_closed(monkeypatch):
    """Its connections are its own; those of a delivery are gone with it."""
    with Peer() as peer, make_client(peer) as client:
        client.call_api("/", "GET")
        with Delivery(client) as delivery:
            delivery.submit(RUN).result(30)
        client.call_api("/", "GET")
        assert len({request.connection for request in peer.requests}) == 2
        peer.wait(lambda: peer.open == 1)
        monkeypatch.setenv("GENTRACE_HOST", peer.url)
        with Delivery() as delivery:
            delivery.submit(RUN).result(30)
        peer.wait(lambda: peer.open == 1)


@pytest.mark.parametrize("timeout", [-1, float("inf"), float("nan")])
def test_a_time_that_cannot_be_is_refused(timeout):
    with (
        Peer() as peer,
        delivering(peer) as delivery,
        pytest.raises(ApiValueError, match="timeout"),
    ):
        delivery.flush(timeout)


@pytest.mark.parametrize("timeout", [sys.maxsize, 1e300, 10**400])
def test_a_time_may_be_longer_than_the_system_can_wait(timeout):
    """The run is taken once somebody waits so long for it."""
    begun = threading.Event()

    class TellingClock(Clock):
        def wait(self, wakes, seconds):
            if seconds is not None and seconds > 1e9:
                begun.set()
            super().wait(wakes, seconds)

    def take(talk, request):
        begun.wait(30)
        echo(talk, request)

    with Peer(take) as peer, delivering(peer, TellingClock(), exit_timeout=timeout) as delivery:
        delivery.submit(RUN)
        assert delivery.flush(timeout)


def test_closing_while_others_submit_keeps_the_balance():
    with Peer() as peer, delivering(peer) as delivery:
        receipts, stop = [], threading.Event()

        def work():
            while not stop.is_set():
                receipts.append(delivery.submit(RUN))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        peer.wait(lambda: len(receipts) > 200)
        delivery.close(0.2)
        stop.set()
        for thread in threads:
            thread.join()
        stats = delivery.stats()
        assert balances(stats)
        assert stats.accepted == len(receipts)
        assert all(receipt.done() for receipt in receipts)
        assert stats.queued == stats.in_flight == 0


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_a_callback_that_exits_keeps_no_other_receipt_open(kind):
    """All end, the delivery is closed, and what the main thread is to end with passes."""

    def leave(_):
        raise kind

    with Peer(stall) as peer, delivering(peer, workers=1) as delivery:
        receipts = [delivery.submit(RUN) for _ in range(3)]
        peer.wait(lambda: peer.requests)
        receipts[0].add_done_callback(leave)
        with pytest.raises(kind):
            delivery.close(0)
        assert {receipt.exception(0).reason for receipt in receipts} == {"closed"}
        assert delivery.submit(RUN).exception(0).reason == "closed"


def test_what_is_closed_while_all_workers_hang_is_said(caplog):
    with Peer(stall) as peer, delivering(peer, workers=2) as delivery:
        for _ in range(5):
            delivery.submit(RUN)
        peer.wait(lambda: delivery.stats().in_flight == 2)
        delivery.close(0)
        peer.wait(lambda: "5 runs were dropped: closed" in caplog.text)


def test_what_is_left_to_be_said_is_at_the_end(caplog):
    """As a program may end within the minute."""
    clock = HandClock()
    with Peer(reply(400)) as peer, delivering(peer, clock) as delivery:
        delivery.submit(RUN)
        peer.wait(lambda: "1 run was dropped: refused" in caplog.text)
        for _ in range(3):
            delivery.submit(RUN)
        assert delivery.flush(30)
        assert delivery.close(30)
        peer.wait(lambda: "3 runs were dropped: refused" in caplog.text)


def test_a_thread_that_has_said_all_before_it_is_noted_is_followed_by_another(monkeypatch, caplog):
    start = threading.Thread.start

    def start_and_wait(thread):
        start(thread)
        thread.join(30)

    clock = HandClock()
    with Peer() as peer, delivering(peer, clock) as delivery:
        delivery.close()
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", start_and_wait)
            delivery.submit(RUN)
        clock.move(60)
        delivery.submit(RUN)
        peer.wait(lambda: caplog.text.count("1 run was dropped: closed") == 2)


def test_runs_after_the_end_are_said_once_a_minute(caplog):
    """By a thread that is gone when all is said."""
    clock = HandClock()
    with Peer() as peer, delivering(peer, clock) as delivery:
        before = set(threading.enumerate())
        delivery.close()
        for count in (1, 2):
            for _ in range(count):
                delivery.submit(RUN)
            peer.wait(lambda: "1 run was dropped: closed" in caplog.text)
        looks = clock.looks
        peer.wait(lambda: clock.looks > looks + 3)
        assert "2 runs" not in caplog.text
        clock.move(60)
        peer.wait(lambda: "2 runs were dropped: closed" in caplog.text)
        peer.wait(lambda: not set(threading.enumerate()) - before - {threading.current_thread()})


def test_warning_of_runs_that_close_drops_says_why_the_last_try_failed(caplog):
    """A short program hears of a wrong address or proxy in no other way."""
    with Peer(reply(503)) as peer, delivering(peer) as delivery:
        receipt = delivery.submit(RUN)
        peer.wait(lambda: receipt.deliverer.last_failure)
        assert not delivery.close(0)
        peer.wait(lambda: caplog.messages)
    why = "(503) Service Unavailable"
    assert caplog.messages == [f"1 run was dropped: closed; the last try failed: {why}"]
