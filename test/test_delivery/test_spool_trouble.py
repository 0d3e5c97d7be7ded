"""Files of a spool that are damaged, locked, removed, of another version, or cannot be written."""

import errno
import os
import shutil
import sqlite3
import time
from contextlib import closing

import pytest
from support.barred import barred
from support.caller import within
from support.deliveries import (
    ODD,
    RUN,
    Gate,
    HandClock,
    delivering,
    files,
    keys,
    list_spool,
    make_controlling,
)
from support.peers import Peer, echo, reply, stall
from support.programs import UNMEASURED, run_program

from gentrace.delivery import DeliveryStats
from gentrace.delivery.spool_file import SpoolFile
from gentrace.delivery.spool_paths import new_path

RUN_OF_A_PAGE = b'{"name": "%b", "stepRuns": []}' % (b"n" * 3000)


def leave_runs(spool, url, count):
    """Leave runs of this host in a spool, unsent, as a program that ends at once does."""
    run_program("leave", url, count, spool)


def test_a_file_of_a_later_version_is_left_alone(spool):
    with Peer() as peer:
        leave_runs(spool, peer.url, 1)
        (path,) = spool.glob("*.sqlite3")
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA user_version = 2")
        left = files(spool)
        with delivering(peer, spool=spool) as delivery:
            assert delivery.flush(30)
            assert delivery.submit(RUN).result(30)
            assert delivery.stats().accepted == 1
        assert files(spool) == left
        assert [(entry.runs, entry.owned) for entry in list_spool(spool)] == [(None, False)]


def test_a_file_that_is_no_database_is_set_aside_and_said_once(spool, caplog):
    spool.mkdir()
    (spool / ODD).write_bytes(b"no database" * 1000)
    with Peer() as peer, delivering(peer, spool=spool) as delivery:
        assert delivery.flush(30)
        peer.wait(lambda: caplog.records)
    assert files(spool) == [f"{ODD}.damaged"]
    assert sum("damaged" in record.message for record in caplog.records) == 1


def test_an_error_that_repeats_a_file_is_one_line_of_the_log(spool, caplog):
    with Peer() as peer:
        leave_runs(spool, peer.url, 1)
        (path,) = spool.glob("*.sqlite3")
        make_controlling(path)
        with delivering(peer, spool=spool) as delivery:
            assert delivery.flush(30)
            peer.wait(lambda: caplog.records)
    (message,) = caplog.messages
    assert message == f"{path} cannot be read: no such column: \\x1b[2J\\nanother line"


def test_files_of_other_programs_are_not_touched(spool):
    """Databases or not, with names that no delivery gives; neither by sending nor by listing."""
    spool.mkdir()
    with closing(sqlite3.connect(spool / "db.sqlite3")) as database, database:
        database.execute("CREATE TABLE runs (name)")
    (spool / "1-a.sqlite3").write_bytes(b"encrypted" * 1000)
    (spool / f"copy of {ODD}").touch()
    (spool / "db.lock").touch()
    before = {path: path.read_bytes() for path in spool.iterdir()}
    with Peer() as peer, delivering(peer, spool=spool) as delivery:
        assert delivery.submit(RUN).result(30)
        assert delivery.flush(30)
        assert delivery.stats() == DeliveryStats(1, 1)
        assert [entry.owned for entry in list_spool(spool)] == [True]
    assert {path: path.read_bytes() for path in spool.iterdir()} == before


def test_everything_readable_in_a_damaged_file_is_sent(spool, caplog):
    with Peer() as peer:
        leave_runs(spool, peer.url, 200)
        (path,) = spool.glob("*.sqlite3")
        with closing(sqlite3.connect(path)) as database:
            page = database.execute("PRAGMA page_size").fetchone()[0]
            pages = database.execute("PRAGMA page_count").fetchone()[0]
        with path.open("r+b") as database:
            database.seek(page * (pages // 2))
            database.write(b"\xff" * page)
        with delivering(peer, spool=spool) as delivery:
            assert delivery.flush(30)
            assert 100 < delivery.stats().delivered < 200
            peer.wait(lambda: "damaged" in caplog.text)
        assert len(keys(peer)) == len(peer.requests)
        assert [name for name in files(spool) if not name.endswith(".damaged")] == []


def test_all_but_what_is_on_a_damaged_page_is_sent(tmp_path):
    """Here each run has pages of its own."""
    with Peer() as peer:
        file = SpoolFile.make(new_path(tmp_path), peer.url)
        for number in range(20):
            file.add(f"key {number}", time.time(), RUN_OF_A_PAGE)
        file.checkpoint()
        file.release()
        content = bytearray(file.path.read_bytes())
        start = content.index(b"key 9")  # at the start of its row, which is at the end of its page
        page = start // 4096 * 4096
        content[page : page + 8] = b"x" * 8
        file.path.write_bytes(content)
        with delivering(peer, spool=tmp_path) as delivery:
            assert delivery.flush(30)
            assert delivery.stats() == DeliveryStats(19, 19)
        assert keys(peer) == {f"key {number}": 1 for number in range(20) if number != 9}


def root_page(path, table):
    """Where the root page of a table or index begins in the file, and the size of a page."""
    with closing(sqlite3.connect(path)) as database:
        size = database.execute("PRAGMA page_size").fetchone()[0]
        query = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
        (number,) = database.execute(query, (table,)).fetchone()
    return size * (number - 1), size


@pytest.mark.parametrize("page", ["the inner page", "a leaf"])
def test_runs_whose_ids_are_damaged_are_sent(spool, page):
    """SQLite finds no row by its id then, but all of them in their order."""
    with Peer() as peer:
        leave_runs(spool, peer.url, 200)
        (path,) = spool.glob("*.sqlite3")
        root, size = root_page(path, "runs")
        content = bytearray(path.read_bytes())
        cell = root + int.from_bytes(content[root + 12 : root + 14])
        id_at = cell + 4
        if page == "a leaf":
            leaf = size * (int.from_bytes(content[cell : cell + 4]) - 1)
            id_at = leaf + int.from_bytes(content[leaf + 8 : leaf + 10]) + 1
        content[id_at] = 100
        path.write_bytes(content)
        with delivering(peer, spool=spool) as delivery:
            assert delivery.flush(30)
            assert delivery.stats() == DeliveryStats(200, 200)
    assert files(spool) == [f"{path.name}.damaged"]


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_everything_readable_in_a_file_that_was_cut_short_is_sent(spool, share):
    with Peer() as peer:
        leave_runs(spool, peer.url, 600)
        (path,) = spool.glob("*.sqlite3")
        os.truncate(path, int(path.stat().st_size * share))
        with delivering(peer, spool=spool) as delivery:
            assert delivery.flush(30)
            assert 300 * share < delivery.stats().delivered < 600
        assert len(keys(peer)) == len(peer.requests)
    assert [name.endswith(".damaged") for name in files(spool)] == [True]


@pytest.mark.parametrize("table", ["about", "sqlite_autoindex_about_1"])
def test_a_file_that_has_lost_its_host_is_sent_to_this_one(spool, table):
    with Peer() as peer:
        leave_runs(spool, peer.url, 20)
        (path,) = spool.glob("*.sqlite3")
        root, size = root_page(path, table)
        with path.open("r+b") as database:
            database.seek(root)
            database.write(b"\xff" * size)
        with delivering(peer, spool=spool) as delivery:
            assert delivery.flush(30)
            assert delivery.stats() == DeliveryStats(20, 20)
    assert [name.endswith(".damaged") for name in files(spool)] == [True]


def test_a_file_whose_host_is_damaged_is_sent_to_this_one(spool):
    with Peer() as peer:
        leave_runs(spool, peer.url, 20)
        (path,) = spool.glob("*.sqlite3")
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("UPDATE about SET value = CAST(x'68747470e9' AS TEXT)")  # no UTF-8
        with delivering(peer, spool=spool) as delivery:
            assert delivery.flush(30)
            assert delivery.stats() == DeliveryStats(20, 20)
    assert files(spool) == [f"{path.name}.damaged"]


def test_a_directory_that_cannot_be_made_leaves_delivery_in_memory(tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    with Peer() as peer, delivering(peer, spool=tmp_path / "file") as delivery:
        receipts = [delivery.submit(RUN) for _ in range(5)]
        assert all(receipt.result(30) for receipt in receipts)
        peer.wait(lambda: "stay in memory" in caplog.text)
        assert delivery.flush(30)
    assert sum("stay in memory" in record.message for record in caplog.records) == 1


def test_a_directory_that_times_out_leaves_delivery_in_memory(spool, monkeypatch, caplog):
    """Such as one of a network; its error is of the class of those that handlers raise."""

    def time_out(path, *_, **__):
        raise TimeoutError(errno.ETIMEDOUT, "Connection timed out", str(path))

    with Peer() as peer, delivering(peer, spool=spool) as delivery, monkeypatch.context() as patch:
        patch.setattr(type(spool), "mkdir", time_out)
        assert delivery.submit(RUN).result(30)
        assert delivery.flush(30)
        peer.wait(lambda: "stay in memory" in caplog.text)
    assert "Connection timed out" in caplog.text


def test_a_directory_that_may_not_be_read_is_said_once(tmp_path, caplog):
    """What waits there cannot be found; runs of this delivery are sent."""
    with Peer() as peer:
        with delivering(peer, spool=tmp_path) as delivery:  # which loads all modules
            assert delivery.submit(RUN).result(30)
        with barred(0o300) as directory, delivering(peer, spool=directory) as delivery:
            assert delivery.submit(RUN).result(30)
            assert delivery.flush(30)
            peer.wait(lambda: str(directory) in caplog.text)
    reason = f"cannot be read: [Errno 13] Permission denied: {str(directory)!r}"
    said = [record.message for record in caplog.records if str(directory) in record.message]
    assert said == [f"the spool {directory} {reason}"]


def test_a_directory_that_may_not_be_written_is_said_once(tmp_path, caplog):
    """Though each try to make a file in it names another one."""
    with Peer() as peer:
        with delivering(peer, spool=tmp_path) as delivery:  # which loads all modules
            assert delivery.submit(RUN).result(30)
        with barred(0o500) as directory, delivering(peer, HandClock(), spool=directory) as delivery:
            for _ in range(3):
                assert delivery.submit(RUN).result(30)
                assert delivery.flush(30)
            delivery.close()
            delivery.submit(RUN)
            peer.wait(lambda: "dropped: closed" in caplog.text)  # which is logged last
    assert caplog.text.count("stay in memory: [Errno 13] Permission denied") == 1


def test_what_a_handler_raises_while_files_are_looked_for_passes_through(spool, monkeypatch):
    def interrupt(_):
        raise TimeoutError

    with Peer() as peer, delivering(peer, spool=spool) as delivery, monkeypatch.context() as patch:
        patch.setattr(type(spool), "iterdir", interrupt)
        with pytest.raises(TimeoutError):
            delivery.flush(30)
        patch.undo()
        assert delivery.submit(RUN).result(30)


def no_file(path):
    path.mkdir()


def no_runs(path):
    """A database that says to be a spool: another process may not have finished making it."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 1")


def no_lock(path):
    path.touch()
    path.with_suffix(".lock").write_bytes(b"no database" * 1000)


@pytest.mark.parametrize(
    ("put", "said"),
    [
        (no_file, f"{ODD} cannot be read"),
        (no_runs, f"{ODD} cannot be read"),
        (no_lock, "cannot lock"),
    ],
)
def test_a_file_of_another_kind_keeps_no_other_from_being_adopted(spool, caplog, put, said):
    with Peer() as peer:
        leave_runs(spool, peer.url, 2)
        put(spool / ODD)
        with delivering(peer, spool=spool) as delivery:
            assert delivery.flush(30)
            assert delivery.stats() == DeliveryStats(2, 2)
            peer.wait(lambda: said in caplog.text)


def test_a_file_that_another_program_locks_leaves_delivery_in_memory(spool, caplog):
    """Nobody waits for that program."""
    with Peer(stall, echo) as peer, delivering(peer, spool=spool) as delivery:
        delivery.submit(RUN)
        peer.wait(lambda: len(peer.requests) == 1)
        (path,) = spool.glob("*.sqlite3")
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            with within(1):
                receipt = delivery.submit(RUN)
            assert receipt.result(30)
            peer.wait(lambda: "stay in memory" in caplog.text)


def test_a_run_that_ended_while_its_file_was_locked_is_removed_when_that_is_closed(spool):
    gate = Gate()
    with Peer(gate, stall) as peer, delivering(peer, spool=spool, workers=1) as delivery:
        receipt, _ = [delivery.submit(RUN) for _ in range(2)]
        peer.wait(lambda: len(peer.requests) == 1)
        (path,) = spool.glob("*.sqlite3")
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            gate.go.set()
            assert receipt.result(30)
        assert not delivery.close(0)
    assert [file.runs for file in list_spool(spool)] == [1]


def test_a_full_disk_leaves_delivery_in_memory(spool):
    """The file may not grow beyond a limit of the process."""
    with Peer() as peer:
        # Coverage could not write its own file.
        seen = run_program("fill_disk", peer.url, spool, **UNMEASURED)
        assert seen == {"delivered": True, "balances": True, "said": True}


def test_files_removed_while_in_use_lose_nothing(spool, caplog):
    clock = HandClock(time.time())
    with Peer(reply(503), echo) as peer, delivering(peer, clock, spool=spool) as delivery:
        first = delivery.submit(RUN)
        peer.wait(lambda: delivery.stats().queued == 1 and len(peer.requests) == 1)
        for path in spool.iterdir():
            path.unlink()
        clock.move(5)
        peer.wait(lambda: "removed" in caplog.text)
        assert "lost unless they are sent before this delivery is closed" in caplog.text
        second = delivery.submit(RUN)
        assert list(spool.glob("*.sqlite3"))
        clock.move(60)
        assert first.result(30)
        assert second.result(30)


def test_runs_of_a_file_removed_while_in_use_that_memory_does_not_hold_are_sent(spool, caplog):
    gate = Gate()
    options = {"clock": HandClock(time.time()), "spool": spool, "max_runs": 2, "workers": 1}
    with Peer(gate, echo) as peer, delivering(peer, **options) as delivery:
        receipts = [delivery.submit(RUN) for _ in range(5)]
        peer.wait(lambda: peer.requests)
        shutil.rmtree(spool)
        peer.wait(lambda: "removed" in caplog.text)
        gate.go.set()
        assert all(receipt.result(30) for receipt in receipts)


def test_runs_of_files_removed_while_in_use_are_not_said_to_be_on_disk(spool):
    """Those that memory holds, and those beyond: no other process could send them."""
    with Peer(stall) as peer, delivering(peer, spool=spool, max_runs=2, workers=1) as delivery:
        receipts = [delivery.submit(RUN) for _ in range(5)]
        peer.wait(lambda: peer.requests)
        shutil.rmtree(spool)
        assert not delivery.close(0)
        assert [receipt.exception(0).reason for receipt in receipts] == ["closed"] * 5
        assert delivery.stats() == DeliveryStats(5, dropped={"closed": 5})
    assert list(spool.glob("*")) == []


def test_the_log_is_copied_when_it_is_long(spool):
    clock = HandClock(time.time())
    body = {"name": "x" * 500_000, "step_runs": []}
    with Peer(stall) as peer, delivering(peer, clock, spool=spool) as delivery:
        for _ in range(12):
            delivery.submit(body)
        (path,) = spool.glob("*.sqlite3")
        peer.wait(lambda: path.stat().st_size > 4 * 2**20)


def test_a_file_that_was_being_made_is_no_damaged_one(spool, caplog):
    spool.mkdir()
    (spool / ODD).touch()
    (spool / ODD).with_suffix(".lock").touch()
    with Peer() as peer, delivering(peer, spool=spool) as delivery:
        assert delivery.flush(30)
    assert files(spool) == []
    assert caplog.records == []
