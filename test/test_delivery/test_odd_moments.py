"""Rare moments: no thread can start, a flush within an action, files that others changed."""

import asyncio
import signal
import sqlite3
import sys
import threading
import time
from contextlib import closing

import pytest
from support.deliveries import RUN, HandClock, delivering, files, list_spool, make_client
from support.peers import Peer, echo, reply, stall, then
from support.programs import run_program

from gentrace.delivery import Delivery, DeliveryStats


@pytest.fixture
def without_threads(monkeypatch):
    """A delivery finds no thread, as at the end of the interpreter."""
    start = threading.Thread.start

    def refuse(thread):
        if thread.name.startswith("gentrace-delivery"):
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)


def interrupt(*_):
    """Ctrl-C, in the main thread."""
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)


@pytest.mark.usefixtures("without_threads")
def test_where_no_thread_can_start_flush_does_their_work():
    with Peer(reply(503), echo) as peer, delivering(peer) as delivery:
        receipts = [delivery.submit(RUN) for _ in range(3)]
        assert not delivery.flush(0)
        assert peer.requests == []
        assert delivery.flush(30)
        assert all(receipt.result(0) for receipt in receipts)


@pytest.mark.usefixtures("without_threads")
def test_where_no_thread_can_start_whoever_waits_for_a_receipt_sends_it():
    """Within the time that it has; a loop goes on in between."""

    async def wait():
        return await delivery.submit(RUN)

    with Peer(reply(503), echo) as peer, delivering(peer) as delivery:
        receipt = delivery.submit(RUN)
        with pytest.raises(TimeoutError):
            receipt.result(0)
        assert peer.requests == []
        assert receipt.exception(30) is None
        assert receipt.result(0)
        assert asyncio.run(wait())
        assert delivery.stats() == DeliveryStats(2, 2)


@pytest.mark.usefixtures("without_threads")
def test_a_loop_goes_on_while_only_an_await_sends_a_run(monkeypatch):
    monkeypatch.setattr("gentrace.delivery.receipt.SLICE", 0.05)

    async def main(delivery):
        awaiting = asyncio.ensure_future(delivery.submit(RUN))
        await asyncio.to_thread(peer.wait, lambda: peer.requests)
        assert not awaiting.done()

    with Peer(stall) as peer, delivering(peer) as delivery:
        asyncio.run(main(delivery))


@pytest.mark.usefixtures("without_threads")
def test_an_await_sends_a_run_again_after_a_failure(monkeypatch):
    monkeypatch.setattr("gentrace.delivery.receipt.SLICE", 0.05)

    async def main(delivery):
        return await asyncio.wait_for(delivery.submit(RUN), 30)

    with Peer(reply(503), echo) as peer, delivering(peer) as delivery:
        assert asyncio.run(main(delivery))
        assert len(peer.requests) > 1  # on a slow machine a slice may cut a try short


def test_threads_that_could_not_start_are_started_later(monkeypatch, spool):
    """Here all but two, and with them the one that maintains the spool."""
    start = threading.Thread.start
    left = [None, None]

    def refuse(thread):
        if thread.name.startswith("gentrace-delivery"):
            if not left:
                raise RuntimeError("can't start new thread")
            left.pop()
        start(thread)

    with Peer() as peer, delivering(peer, spool=spool) as delivery:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            assert delivery.submit(RUN).result(30)
        before = set(threading.enumerate())
        assert delivery.submit(RUN).result(30)
        names = {thread.name for thread in set(threading.enumerate()) - before}
        assert {f"gentrace-delivery-{name}" for name in (2, 3, "spool")} <= names


@pytest.mark.parametrize("method", ["start", "__init__"])
def test_a_run_accepted_before_threads_could_start_is_sent_by_those_that_started(
    monkeypatch, method
):
    """A subinterpreter refuses to construct daemon threads."""

    def refuse(*_, **__):
        raise RuntimeError("can't start new thread")

    def answer(talk, request):
        go.wait(30)
        echo(talk, request)

    go = threading.Event()
    with Peer(answer, answer) as peer, delivering(peer) as delivery:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, method, refuse)
            early = delivery.submit(RUN)
        late = delivery.submit(RUN)
        with pytest.raises(TimeoutError):
            early.result(0.01)
        go.set()
        assert early.result(30) != late.result(30)
        assert delivery.stats() == DeliveryStats(2, 2)


def test_a_run_of_a_finalizer_at_the_very_end_is_stored_or_closed(monkeypatch, spool):
    """See also test_exit.py. Nothing waits or starts there, and nothing is sent."""
    with (
        Peer() as peer,
        delivering(peer) as used,
        delivering(peer) as unused,
        delivering(peer, spool=spool) as spooled,
    ):
        used.submit(RUN).result(30)
        with monkeypatch.context() as patch:
            patch.setattr(sys, "is_finalizing", lambda: True)
            before = set(threading.enumerate())
            receipts = [delivery.submit(RUN) for delivery in (used, unused, spooled)]
            reasons = [receipt.exception(0).reason for receipt in receipts]
            assert reasons == ["closed", "closed", "spooled"]
            assert used.flush()
            assert set(threading.enumerate()) <= before
        assert len(peer.requests) == 1
        assert used.stats() == DeliveryStats(2, 1, dropped={"closed": 1})
    assert [file.runs for file in list_spool(spool)] == [1]


@pytest.mark.parametrize("end", [Delivery.flush, Delivery.close])
def test_a_wait_ends_in_time_though_a_signal_handler_outlasts_it(end):
    previous = signal.signal(signal.SIGALRM, lambda *_: time.sleep(0.2))
    try:
        with Peer(stall) as peer, delivering(peer) as delivery:
            delivery.submit(RUN)
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            assert not end(delivery, 0.1)
    finally:
        signal.signal(signal.SIGALRM, previous)


@pytest.mark.usefixtures("without_threads")
def test_an_interrupted_flush_leaves_runs_for_the_next_one():
    """In the middle of a request, or in the callback of another run."""
    with Peer(then(interrupt, stall), echo) as peer, delivering(peer) as delivery:
        receipts = [delivery.submit(RUN) for _ in range(3)]
        receipts[1].add_done_callback(interrupt)
        for delivered in (0, 2):
            with pytest.raises(KeyboardInterrupt):
                delivery.flush(30)
            stats = delivery.stats()
            assert (stats.delivered, stats.queued) == (delivered, 3 - delivered)
        assert delivery.flush(30)
        assert all(receipt.result(0) for receipt in receipts)


@pytest.mark.usefixtures("without_threads")
def test_a_flush_that_is_interrupted_when_it_has_taken_a_run_gives_it_back():
    """A finalizer submits that run within an action, and it ends right after the action."""

    class SubmittingClock(HandClock):
        def now(self):
            if len(late) < 2:
                receipt = delivery.submit(RUN)
                if not receipt.done():  # it is deferred: by the flush, then by the take
                    late.append(receipt)
                    if len(late) == 2:
                        receipt.add_done_callback(interrupt)
            return super().now()

    late = []
    with Peer() as peer, delivering(peer, SubmittingClock(), max_runs=1) as delivery:
        receipt = delivery.submit(RUN)
        with pytest.raises(KeyboardInterrupt):
            delivery.flush(30)
        assert (delivery.stats().queued, delivery.stats().in_flight) == (1, 0)
        assert delivery.flush(30)
        assert receipt.result(0)


def test_an_interruption_passes_when_all_receipts_have_ended(spool):
    with Peer(stall) as peer, delivering(peer, spool=spool) as delivery:
        receipts = [delivery.submit(RUN) for _ in range(20)]
        receipts[10].add_done_callback(interrupt)
        with pytest.raises(KeyboardInterrupt):
            delivery.close(0)
        assert {receipt.exception(0).reason for receipt in receipts} == {"spooled"}
        peer.wait(lambda: "gentrace-delivery-spool" not in {t.name for t in threading.enumerate()})


def test_a_flush_in_the_middle_of_a_turn_says_no():
    """As a finalizer may call it that runs while a run is put back."""

    class FlushingClock(HandClock):
        def draw(self, most):
            answers.append(delivery.flush(0))
            return super().draw(most)

    answers = []
    clock = FlushingClock()
    with Peer(reply(503), echo) as peer, delivering(peer, clock) as delivery:
        receipt = delivery.submit(RUN)
        peer.wait(lambda: answers)
        clock.move(60)
        assert receipt.result(30)
        assert set(answers) == {False}


def test_closing_an_unused_delivery_opens_nothing(spool):
    for client in (make_client("http://127.0.0.1:9"), None):
        assert Delivery(client, spool=spool).close()
    assert not spool.exists()


def test_runs_that_somebody_removed_from_a_file_end(spool):
    """Those that are in memory by their row, and those that are in the file alone."""
    options = {"workers": 1, "max_runs": 3}
    with Peer(stall) as hanging, delivering(hanging, spool=spool, **options) as delivery:
        for _ in range(10):
            delivery.submit(RUN)
        hanging.wait(lambda: len(hanging.requests) == 1)
        (path,) = spool.glob("*.sqlite3")
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute("DELETE FROM runs")
        hanging.stop_event.set()
        assert delivery.flush(30)
        stats = delivery.stats()
        assert stats.dropped == {"expired": 10 - stats.delivered}


def test_what_is_no_run_in_a_damaged_file_is_left_out(spool):
    """A run whose date alone is none, or whose key cannot be sent, is still one."""
    with Peer() as peer:
        run_program("leave", peer.url, 5, spool)
        (path,) = spool.glob("*.sqlite3")
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute("UPDATE runs SET idempotency_key = 'a' || char(1) WHERE id = 5")
            database.execute("UPDATE runs SET accepted_at = 'today' WHERE id = 1")
            database.execute("UPDATE runs SET body = 'text' WHERE id = 2")
            database.execute("UPDATE runs SET idempotency_key = x'00' WHERE id = 3")
            database.execute("CREATE TABLE later (value CHECK (value > 3))")
            database.execute("PRAGMA ignore_check_constraints = ON")
            database.execute("INSERT INTO later VALUES (1)")
        with delivering(peer, spool=spool) as delivery:
            assert delivery.flush(30)
            assert delivery.stats() == DeliveryStats(3, 3)
    assert [path.name for path in spool.glob("*.damaged")]
    assert list_spool(spool) == []


@pytest.mark.parametrize(
    ("change", "count"),
    [
        ("body = 'text'", 2),
        ("idempotency_key = x'00'", 2),
        ("idempotency_key = 'a' || char(1)", 3),
        ("idempotency_key = CAST(x'e9' AS TEXT)", 3),  # that is no UTF-8
    ],
)
def test_a_row_that_is_no_run_is_damage_of_its_file(spool, change, count):
    """Though SQLite finds none."""
    with Peer() as peer:
        run_program("leave", peer.url, 3, spool)
        (path,) = spool.glob("*.sqlite3")
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute(f"UPDATE runs SET {change} WHERE id = 3")  # noqa: S608 - our own words
        with delivering(peer, spool=spool) as delivery:
            assert delivery.flush(30)
            assert delivery.stats() == DeliveryStats(count, count)
    assert files(spool) == [f"{path.name}.damaged"]


def test_a_file_changed_while_in_use_is_said_and_holds_up_no_new_run(spool, caplog):
    go = threading.Event()

    def answer(talk, request):
        go.wait(30)
        echo(talk, request)

    with Peer(answer) as peer, delivering(peer, spool=spool, max_runs=2) as delivery:
        for _ in range(20):
            delivery.submit(RUN)
        peer.wait(lambda: len(peer.requests) == 2)
        (path,) = spool.glob("*.sqlite3")
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute("ALTER TABLE runs RENAME TO others")
        go.set()
        peer.wait(lambda: "cannot be read" in caplog.text)
        assert delivery.submit(RUN).result(30)


@pytest.mark.parametrize("thread", ["gentrace-delivery-0", "gentrace-delivery-spool"])
def test_what_is_raised_in_a_thread_does_not_end_it(spool, thread, caplog):
    """Here by a clock, each of whose looks but the first few is good."""

    class FailingClock(HandClock):
        left = 3

        def now(self):
            if self.left and threading.current_thread().name == thread:
                self.left -= 1
                raise SystemExit
            return super().now()

    clock = FailingClock(time.time())
    with Peer() as peer:
        run_program("leave", peer.url, 2, spool)
        with delivering(peer, clock, spool=spool, workers=1) as delivery:
            assert delivery.submit(RUN).result(30)
            peer.wait(lambda: delivery.stats() == DeliveryStats(3, 3))
            peer.wait(lambda: "after a SystemExit" in caplog.text)
    assert clock.left == 0


def test_a_callback_that_exits_when_a_run_expires_ends_no_worker(spool, caplog):
    clock = HandClock(time.time())
    options = {"workers": 1, "spool": spool, "spool_max_age": 100}
    with Peer(reply(503), echo) as peer, delivering(peer, clock, **options) as delivery:
        receipt = delivery.submit(RUN)
        receipt.add_done_callback(lambda _: sys.exit(1))
        peer.wait(lambda: delivery.stats().queued == 1 and peer.requests)
        clock.move(200)
        assert receipt.exception(30).reason == "expired"
        assert delivery.submit(RUN).result(30)
    assert "SystemExit" in caplog.text
