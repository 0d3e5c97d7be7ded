"""Runs on disk: what survives the process, who sends it, and what may go wrong with files."""

import gc
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing

import pytest
from support.deliveries import RUN, HandClock, balances, delivering, files, keys, list_spool
from support.peers import Peer, echo, refuser, reply, stall
from support.programs import PROGRAMS, UNMEASURED, run_program

from gentrace import ApiTypeError, ApiValueError
from gentrace.delivery import Delivery, DeliveryStats, Receipt
from gentrace.delivery.spool_file import SpoolFile
from gentrace.delivery.spool_paths import new_path


@pytest.fixture
def nowhere():
    """The address of a server that is down."""
    with refuser() as (host, port):
        yield f"http://{host}:{port}/api/v1"


def leave_runs(spool, url, count):
    """Leave runs of this host in a spool, unsent, as a program that ends at once does."""
    run_program("leave", url, count, spool)


def test_the_directory_and_files_are_private(spool):
    with Peer(stall) as peer, delivering(peer, spool=spool) as delivery:
        assert not spool.exists()
        delivery.submit(RUN)
        assert stat.S_IMODE(spool.stat().st_mode) == 0o700
        assert {stat.S_IMODE(path.stat().st_mode) for path in spool.iterdir()} == {0o600}


def test_a_run_leaves_the_file_when_the_server_has_taken_or_refused_it(spool):
    with Peer(echo, reply(400), stall) as peer:
        with delivering(peer, workers=1, spool=spool) as delivery:
            delivery.submit(RUN).result(30)
            delivery.submit(RUN).exception(30)
            last = delivery.submit(RUN)
            peer.wait(lambda: len(peer.requests) == 3)
            (path,) = spool.glob("*.sqlite3")
            with closing(sqlite3.connect(path)) as database:
                rows = database.execute("SELECT idempotency_key FROM runs").fetchall()
            assert rows == [(last.idempotency_key,)]
        assert last.exception(0).reason == "spooled"
        assert delivery.stats() == DeliveryStats(3, 1, 1, dropped={"refused": 1})


def test_what_is_left_is_sent_by_the_next_process_with_its_keys(spool):
    with Peer() as peer:
        leave_runs(spool, peer.url, 20)
        assert keys(peer) == {}
        with delivering(peer, spool=spool) as delivery:
            assert delivery.flush(30)
            assert delivery.stats() == DeliveryStats(20, 20)
            assert keys(peer) == Counter(f"run {n}" for n in range(20))
        assert files(spool) == []


def test_the_first_run_adopts_what_is_left_too(spool):
    with Peer() as peer:
        leave_runs(spool, peer.url, 20)
        with delivering(peer, spool=spool) as delivery:
            delivery.submit(RUN)
            peer.wait(lambda: delivery.stats().delivered == 21)


def leave_files(spool, url, count):
    """Leave files with a run each, as processes do that are killed."""
    spool.mkdir()
    for number in range(count):
        file = SpoolFile.make(new_path(spool), url)
        file.add(f"run {number}", time.time(), b'{"name": "left", "stepRuns": []}')
        file.close()


def test_many_files_are_not_opened_at_once(spool):
    """Eight, as each takes descriptors that the program may need."""
    with Peer(stall) as peer:
        leave_files(spool, peer.url, 20)
        with delivering(peer, spool=spool) as delivery:
            assert not delivery.flush(0)
            assert delivery.stats().accepted == 8
            assert sum(entry.owned for entry in list_spool(spool)) == 8


def test_a_flush_waits_for_files_that_are_not_opened_yet(spool):
    with Peer() as peer:
        leave_files(spool, peer.url, 20)
        with delivering(peer, spool=spool) as delivery:
            assert delivery.flush(30)
            assert delivery.stats() == DeliveryStats(20, 20)
        assert files(spool) == []


def test_the_next_files_are_opened_when_others_are_empty(spool):
    """Not only at the next look for files, which comes after 30 s: the clock stands still."""
    with Peer() as peer:
        leave_files(spool, peer.url, 20)
        with delivering(peer, HandClock(time.time()), spool=spool) as delivery:
            delivery.submit(RUN)
            peer.wait(lambda: delivery.stats().delivered == 21)


def keep_rows(path):
    """Let no row be removed, as on a full disk."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "CREATE TRIGGER keep BEFORE DELETE ON runs BEGIN SELECT RAISE(ABORT, 'kept'); END"
        )


def test_files_that_cannot_be_emptied_are_removed_when_all_is_sent(spool):
    with Peer() as peer:
        leave_files(spool, peer.url, 20)
        for path in spool.glob("*.sqlite3"):
            keep_rows(path)
        with delivering(peer, spool=spool) as delivery:
            peer.wait(lambda: delivery.flush(30) and delivery.stats() == DeliveryStats(20, 20))
    assert files(spool) == []


def test_a_flush_ends_where_files_cannot_be_closed(spool, monkeypatch):
    """They stay open, and make no room for others."""

    def fail(file):
        raise sqlite3.OperationalError(file.path)

    monkeypatch.setattr(SpoolFile, "is_empty", fail)
    with Peer() as peer:
        leave_files(spool, peer.url, 20)
        with delivering(peer, spool=spool) as delivery:
            assert delivery.flush(30)
            assert delivery.stats() == DeliveryStats(8, 8)


def test_a_file_in_which_nothing_is_left_is_removed(spool):
    """As a process leaves it that is killed when all is sent."""
    with Peer() as peer:
        leave_runs(spool, peer.url, 1)
        (path,) = spool.glob("*.sqlite3")
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute("DELETE FROM runs")
        with delivering(peer, spool=spool) as delivery:
            assert delivery.flush(30)
            assert delivery.stats() == DeliveryStats()
            assert not path.exists()


def test_nobody_waits_for_runs_that_stay_in_the_spool(spool):
    """A flush without limit ends when the delivery is closed, and one after that ends at once."""
    with Peer(stall) as peer, delivering(peer, spool=spool) as delivery:
        delivery.submit(RUN)
        done = []
        thread = threading.Thread(target=lambda: done.append(delivery.flush()), daemon=True)
        thread.start()
        peer.wait(lambda: len(peer.requests) == 1)
        assert not delivery.close(0)
        thread.join(30)
        assert done == [False]
        assert not delivery.flush()
        assert not delivery.close(None)


def test_closing_while_others_submit_ends_each_receipt(spool):
    """Also those of runs that are being written at that moment."""
    with Peer(stall) as peer:
        for number in range(5):
            with delivering(peer, spool=spool / str(number)) as delivery:
                receipts, stop = [], threading.Event()

                def work(delivery=delivery, receipts=receipts, stop=stop):
                    while not stop.is_set():
                        receipts.append(delivery.submit(RUN))

                threads = [threading.Thread(target=work) for _ in range(4)]
                for thread in threads:
                    thread.start()
                peer.wait(lambda receipts=receipts: len(receipts) > 20)
                delivery.close(0)
                stop.set()
                for thread in threads:
                    thread.join()
                reasons = Counter(receipt.exception(0).reason for receipt in receipts)
                assert set(reasons) <= {"spooled", "closed"}
                stats = delivery.stats()
                assert balances(stats)
                assert (stats.queued, stats.accepted) == (reasons["spooled"], len(receipts))


def test_files_of_another_host_are_left_alone(spool, nowhere):
    leave_runs(spool, nowhere, 3)
    with Peer() as peer, delivering(peer, spool=spool) as delivery:
        assert delivery.flush(30)
        assert delivery.stats() == DeliveryStats()
    assert [(entry.host, entry.runs) for entry in list_spool(spool)] == [(nowhere, 3)]


def test_a_living_owner_keeps_its_file_and_the_next_look_adopts_it(spool):
    """Every 30 s; the owner is another process, which is killed."""
    clock = HandClock(time.time())
    with Peer() as peer:
        command = [sys.executable, PROGRAMS, "hang", peer.url, str(spool)]
        owner = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603 - our own
        try:
            assert owner.stdout.readline() == b"stored\n"
            with delivering(peer, clock, spool=spool) as delivery:
                assert delivery.flush(0)
                (theirs,) = [
                    entry for entry in list_spool(spool) if entry.file.startswith(f"{owner.pid}-")
                ]
                assert (theirs.owned, theirs.runs, theirs.host) == (True, None, None)
                assert theirs.bytes > 0
                owner.kill()
                owner.wait()
                looks = clock.looks
                peer.wait(lambda: clock.looks > looks + 10)
                assert delivery.stats().accepted == 0
                clock.move(30)
                peer.wait(lambda: delivery.stats().delivered == 1)
        finally:
            owner.kill()
            owner.wait()
            owner.stdout.close()


def test_a_closed_delivery_of_the_same_process_is_adopted(spool):
    with Peer(stall) as peer:
        with delivering(peer, spool=spool) as first:
            first.submit(RUN, idempotency_key="mine")
            with delivering(peer, spool=spool) as second:
                assert second.flush(0)
                assert second.stats().accepted == 0
        with delivering(peer, spool=spool) as third:
            assert not third.flush(0.01)
            assert third.stats().accepted == 1


def test_memory_holds_a_window_of_a_long_backlog(spool):
    """Bodies are read back when they are sent; receipts of all end."""
    body = {"name": "x" * 10_000, "step_runs": []}
    blocked = Peer(stall)
    with blocked, delivering(blocked, spool=spool, max_runs=10, workers=2) as delivery:
        receipts = [delivery.submit(body) for _ in range(300)]
        stats = delivery.stats()
        assert (stats.queued + stats.in_flight, sum(stats.dropped.values())) == (300, 0)
        assert stats.bytes <= 10 * 2048 + 2 * 11_000
        with Peer() as peer:
            delivery.api_client.configuration.host = peer.url
            blocked.wait(lambda: len(blocked.requests) >= 2)
            blocked.stop_event.set()
            assert delivery.flush(60)
            assert all(receipt.result(0) == receipt.idempotency_key for receipt in receipts)
        assert balances(delivery.stats())
        assert delivery.stats().bytes == 0


def test_receipts_that_nobody_holds_are_not_kept(spool):
    def held():
        gc.collect()
        return sum(isinstance(thing, Receipt) for thing in gc.get_objects())

    before = held()
    with Peer(stall) as peer, delivering(peer, spool=spool, max_runs=2) as delivery:
        for _ in range(2000):
            delivery.submit(RUN)
        assert held() - before <= 5


def test_max_bytes_bounds_what_is_read_back(spool):
    body = {"name": "x" * 100_000, "step_runs": []}
    with Peer(stall) as peer:
        options = {"spool": spool, "max_bytes": 250_000, "workers": 8}
        with delivering(peer, **options) as delivery:
            for _ in range(20):
                delivery.submit(body)
            peer.wait(lambda: len(peer.requests) == 2)
            assert delivery.stats().bytes <= 250_000


def test_the_file_is_bounded_and_the_newest_run_dropped(spool):
    body = {"name": "x" * 10_000, "step_runs": []}
    options = {"spool": spool, "spool_max_bytes": 300_000}
    with Peer(stall) as peer, delivering(peer, **options) as delivery:
        receipts = [delivery.submit(body) for _ in range(50)]
        reasons = [r.exception(0).reason for r in receipts if r.done()]
        assert set(reasons) == {"spool_full"}
        assert 15 < 50 - len(reasons) < 30
        assert sum(path.stat().st_size for path in spool.glob("*.sqlite3*")) < 400_000
        assert balances(delivery.stats())


def test_a_run_that_waited_too_long_is_dropped(spool):
    clock = HandClock(time.time())
    options = {"spool": spool, "spool_max_age": 100}
    with Peer(reply(503)) as peer, delivering(peer, clock, **options) as delivery:
        receipt = delivery.submit(RUN)
        peer.wait(lambda: delivery.stats().queued == 1 and len(peer.requests) == 1)
        clock.move(101)
        assert receipt.exception(30).reason == "expired"
        assert delivery.stats() == DeliveryStats(1, dropped={"expired": 1})
        assert len(peer.requests) == 1


def test_a_clock_of_another_machine_that_is_ahead_expires_nothing(spool):
    with Peer() as peer:
        leave_runs(spool, peer.url, 1)
        (path,) = spool.glob("*.sqlite3")
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("UPDATE runs SET accepted_at = accepted_at + 1e9")
        with delivering(peer, spool=spool) as delivery:
            assert delivery.flush(30)
            assert delivery.stats().delivered == 1


@pytest.mark.parametrize("spool", [3, "", b"bytes", "a\0b"])
def test_a_directory_that_cannot_be_is_refused(spool):
    with pytest.raises((ApiTypeError, ApiValueError), match="spool"):
        Delivery(spool=spool)


@pytest.mark.parametrize("how", ["os._exit", "SIGTERM", "SIGKILL"])
def test_nothing_is_lost_however_a_process_ends(spool, how):
    with Peer() as peer:
        command = [sys.executable, PROGRAMS, "hang", peer.url, str(spool), how]
        ended = subprocess.run(command, capture_output=True, timeout=60, check=False)  # noqa: S603 - our own
        assert ended.stdout == b"stored\n"
        with delivering(peer, spool=spool) as delivery:
            assert delivery.flush(30)
        assert keys(peer) == {"hangs": 1}


def test_forks_with_a_spool_lose_and_double_nothing(spool):
    children = 4
    with Peer() as peer:
        seen = run_program("fork", peer.url, children, spool)
        expected = [f"parent {n}" for n in range(200)]
        expected += [f"before {n}" for n in range(children)]
        expected += [f"child {c} {n}" for c in range(children) for n in range(5)]
        assert keys(peer) == Counter(expected)
    assert seen == {"codes": [0] * children, "delivered": True, "reasons": ["delivered"]}
    assert files(spool) == []


def test_finalizers_and_signal_handlers_with_a_spool(spool):
    with Peer() as peer:
        seen = run_program("interrupt", peer.url, 2000, spool, **UNMEASURED)
    assert seen.pop("runs") > 0
    assert seen == {"done": True, "balances": True, "all": True}


def test_where_delivery_is_off_no_run_of_another_process_is_sent(spool, monkeypatch):
    """Neither by a flush, nor when the thread of the spool looks again; later they are."""
    clock = HandClock(time.time())
    with Peer() as peer, delivering(peer, clock, spool=spool) as delivery:
        assert delivery.submit(RUN).result(30)
        run_program("leave", peer.url, 2, spool)
        monkeypatch.setenv("GENTRACE_DISABLED", "1")
        assert delivery.flush(30)
        clock.move(31)
        looks = clock.looks
        peer.wait(lambda: clock.looks > looks + 100)
        assert delivery.stats() == DeliveryStats(1, 1)
        monkeypatch.delenv("GENTRACE_DISABLED")
        assert delivery.flush(30)
        assert delivery.stats() == DeliveryStats(3, 3)


def test_a_flush_where_delivery_is_off_opens_nothing(spool, monkeypatch):
    monkeypatch.setenv("GENTRACE_DISABLED", "1")
    with Peer() as peer, delivering(peer, spool=spool) as delivery:
        assert delivery.flush(30)
    assert not spool.exists()
