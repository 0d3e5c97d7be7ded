"""What comes between: an interrupt, an exception of the client's own class, a disk that fails."""

import os
import shutil
import sqlite3
import sys
import threading
import time
from contextlib import closing
from functools import partial

import pytest
from support.deliveries import ODD, RUN, HandClock, delivering, files, keys, make_client, timed
from support.desks import make_limits
from support.peers import Peer
from support.programs import run_program

from gentrace import ApiClient
from gentrace.delivery import DeliveryStats, Receipt, exits
from gentrace.delivery.queue import RunQueue
from gentrace.delivery.run import Run
from gentrace.delivery.serial_executor import SerialExecutor
from gentrace.delivery.spool import Spool
from gentrace.delivery.spool_file import SpoolFile


def test_an_interrupt_of_the_wait_for_a_lock_passes_through():
    class Lock:
        release = threading.RLock().release

        def acquire(self):
            raise KeyboardInterrupt

    executor = SerialExecutor()
    lock, executor.lock = executor.lock, Lock()
    with pytest.raises(KeyboardInterrupt):
        executor.run(lambda: None)
    executor.lock = lock
    assert executor.run(lambda: None)


def test_an_interrupt_right_after_a_run_is_accepted_leaves_it_accepted_once(monkeypatch):
    accept = RunQueue.accept

    def strike(queue, run):
        accept(queue, run)
        raise KeyboardInterrupt

    with Peer() as peer, delivering(peer) as delivery:
        with monkeypatch.context() as patch:
            patch.setattr(RunQueue, "accept", strike)
            with pytest.raises(KeyboardInterrupt):
                delivery.submit(RUN)
        assert delivery.flush(30)
        assert delivery.stats() == DeliveryStats(1, 1)
        assert list(keys(peer).values()) == [1]


def test_an_interrupt_before_the_end_of_a_receipt_is_made_up_for():
    left = [KeyboardInterrupt()]

    class Interrupted(Receipt):
        def end(self, outcome):
            if left:
                raise left.pop()
            super().end(outcome)

    with Peer() as peer, delivering(peer) as delivery:
        receipt = Interrupted()
        delivery.enqueue(b"{}", receipt)
        assert receipt.result(30)
        assert delivery.flush(30)
        assert delivery.stats() == DeliveryStats(1, 1)
        assert list(keys(peer).values()) == [1]


def test_a_run_is_tried_again_when_the_client_raises_anything(caplog):
    left = [ValueError("of a subclass")]

    class Raising(ApiClient):
        def call_api(self, *args, **more):
            if left:
                raise left.pop()
            return super().call_api(*args, **more)

    with Peer() as peer, Raising(make_client(peer).configuration) as client:
        clock = HandClock()
        delivery = timed(clock)(client)
        receipt = delivery.submit(RUN)
        peer.wait(lambda: caplog.records)
        clock.move(2)
        assert receipt.result(30)
        assert delivery.close(30)
    assert "a run could not be sent, and is tried again: ValueError" in caplog.text


def test_a_client_that_always_raises_is_named_as_the_reason(caplog):
    class Raising(ApiClient):
        def call_api(self, *_, **__):
            raise ValueError("SECRET")

    with Peer() as peer, Raising(make_client(peer).configuration) as client:
        clock = HandClock()
        delivery = timed(clock)(client)
        receipt = delivery.submit(RUN)
        peer.wait(lambda: clock.move(61) or "no run was delivered" in caplog.text)
        with pytest.raises(TimeoutError, match=r"the last try failed: ValueError$"):
            receipt.result(0)
        delivery.close(0)
    assert "queued; the last try failed: ValueError\n" in caplog.text
    assert "SECRET" not in caplog.text


def test_a_run_that_is_stored_is_not_stored_again(spool):
    """As after an interrupt between its write and its place in the queue."""
    store = Spool(spool, make_limits(spool=spool), lambda: "host", lambda: 0.0, pytest.fail)
    run = Run("key", accepted_at=0.0)
    assert [store.store(run, b"{}") for _ in range(2)] == ["stored", "stored"]
    assert store.body(run) == b"{}"
    (path,) = spool.glob("*.sqlite3")
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) FROM runs").fetchone() == (1,)
    store.close()


def test_what_a_closed_delivery_left_is_for_others(spool):
    """Its thread may be looking for files to adopt at that moment."""
    limits = make_limits(spool=spool)
    closed, other = (
        Spool(spool, limits, lambda: "host", lambda: 0.0, pytest.fail) for _ in range(2)
    )
    closed.store(Run("key", accepted_at=0.0), b"{}")
    closed.close()
    assert closed.claim_orphans() == []
    (file,) = other.claim_orphans()
    assert file.count() == 1
    assert other.add(file)
    other.close()


@pytest.mark.parametrize("what", ["the own file", "another's"])
def test_what_a_handler_raises_while_a_file_is_opened_passes_through(spool, monkeypatch, what):
    with Peer() as peer:
        if what == "another's":
            run_program("leave", peer.url, 1, spool)
        with delivering(peer, spool=spool) as delivery:
            connect = sqlite3.connect
            left = [TimeoutError()]

            def strike(path, *args, **more):
                is_own = f"{os.getpid()}-" in str(path)
                if left and is_own == (what == "the own file"):
                    raise left.pop()
                return connect(path, *args, **more)

            monkeypatch.setattr(sqlite3, "connect", strike)
            with pytest.raises(TimeoutError):
                delivery.submit(RUN) if what == "the own file" else delivery.flush(30)
            assert delivery.flush(30)
            assert left == []
            assert delivery.submit(RUN).result(30)
    assert files(spool) == []


@pytest.mark.parametrize(
    "query", ["SELECT max(id)", "SELECT value FROM about", "SELECT id, idempotency_key, body"]
)
def test_a_file_that_cannot_be_read_for_now_is_not_called_damaged(
    spool, monkeypatch, caplog, query
):
    with Peer() as peer:
        run_program("leave", peer.url, 1, spool)
        left = [sqlite3.OperationalError("disk I/O error")]

        class Connection(sqlite3.Connection):
            def execute(self, statement, *values):
                if left and statement.startswith(query):
                    raise left.pop()
                return super().execute(statement, *values)

        connect = sqlite3.connect
        (path,) = spool.glob("*.sqlite3")

        def connect_to(database, **more):
            return connect(
                database, factory=Connection if database == path else sqlite3.Connection, **more
            )

        monkeypatch.setattr(sqlite3, "connect", connect_to)
        with delivering(peer, spool=spool) as delivery:
            assert delivery.flush(30)
            peer.wait(lambda: "cannot be read: disk I/O error" in caplog.text)
            assert path.with_suffix(".lock").exists()
            assert delivery.flush(30)
            assert delivery.stats() == DeliveryStats(1, 1)
    assert files(spool) == []


def test_a_path_that_may_not_be_looked_at_counts_as_there(spool, monkeypatch):
    """So close() ends, and the runs are for whoever may look."""

    def refuse(_path):
        raise PermissionError

    with delivering("http://127.0.0.1:9", spool=spool) as delivery:
        receipt = delivery.submit(RUN)
        monkeypatch.setattr(type(spool), "exists", refuse)
        assert not delivery.close(0)
        assert receipt.exception(0).reason == "spooled"
        assert delivery.stats().queued == 1


def test_one_delivery_that_fails_to_close_keeps_no_other_from_its_end():
    """At the end of the program."""
    closed = []

    def fail(number):
        return lambda: number / 0

    def end(number):
        return lambda: closed.append(number)

    begin_exits = [partial(begin, number) for number, begin in enumerate([fail, end, fail, end])]
    for each in begin_exits:
        exits.register(each)
    try:
        with pytest.raises(ZeroDivisionError):
            exits.close_all()
    finally:
        for each in begin_exits:
            exits.unregister(each)
    assert len(closed) == 2


def test_runs_after_the_end_are_warned_about_once_a_minute(caplog, monkeypatch):
    """And the program does not wait for a delivery that is closing."""
    monkeypatch.setattr(sys, "is_finalizing", lambda: True)
    with delivering("http://127.0.0.1:9") as delivery:
        receipts = [delivery.submit(RUN) for _ in range(20)]
        assert {receipt.exception(0).reason for receipt in receipts} == {"closed"}
        assert delivery.stats().dropped["closed"] == 20
    assert caplog.messages == ["1 run was dropped: closed"]


def test_a_drop_after_the_end_of_a_closed_delivery_is_logged(caplog, monkeypatch):
    monkeypatch.setattr(sys, "is_finalizing", lambda: True)
    run = RUN | {"step_runs": [{}]}
    left = [ValueError]

    def mask(step):
        if left:
            raise left.pop()
        return step

    with delivering("http://127.0.0.1:9", mask=mask) as delivery:
        reasons = [delivery.submit(run).exception(0).reason for _ in range(2)]
    assert reasons == ["mask_failed", "closed"]
    assert caplog.messages == [f"1 run was dropped: {reason}" for reason in reasons]


def test_runs_of_others_are_sent_from_a_full_disk(spool, tmp_path, monkeypatch, caplog):
    """Where the log that a killed process left cannot be copied into its file."""
    spool.mkdir()
    left = [sqlite3.OperationalError("database or disk is full")]

    class Connection(sqlite3.Connection):
        def execute(self, statement, *values):
            if left and statement == "PRAGMA wal_checkpoint(PASSIVE)":
                raise left.pop()
            return super().execute(statement, *values)

    with Peer() as peer:
        made = SpoolFile.make(tmp_path / ODD, peer.url)
        made.add("the key", time.time(), b'{"name":"a","stepRuns":[]}')
        for end in ("", "-wal"):
            shutil.copy(f"{tmp_path / ODD}{end}", f"{spool / ODD}{end}")
        made.close()
        connect = sqlite3.connect
        monkeypatch.setattr(
            sqlite3, "connect", lambda *args, **more: connect(*args, factory=Connection, **more)
        )
        with delivering(peer, spool=spool) as delivery:
            assert delivery.flush(30)
            assert left == []
            assert delivery.stats() == DeliveryStats(1, 1)
    assert keys(peer) == {"the key": 1}
    assert caplog.messages == []


def test_a_file_that_may_not_be_looked_at_is_owned_no_longer(spool, monkeypatch):
    """Another process may adopt it."""
    with Peer() as peer:
        run_program("leave", peer.url, 1, spool)
        exists = type(spool).exists
        left = [PermissionError()]

        def refuse(path):
            if left and path.suffix == ".sqlite3":
                raise left.pop()
            return exists(path)

        monkeypatch.setattr(type(spool), "exists", refuse)
        with delivering(peer, spool=spool) as delivery:
            assert delivery.flush(30)
            assert left == []
            assert delivery.flush(30)
            assert delivery.stats() == DeliveryStats(1, 1)
