"""The log of a file that its process did not close: whole, cut short, or damaged."""

import sqlite3
import time
from contextlib import closing

import pytest
from support.deliveries import delivering, files, list_spool
from support.full_disk import disk_that_fills
from support.peers import Peer

from gentrace.delivery import DeliveryStats
from gentrace.delivery.spool_file import SpoolFile
from gentrace.delivery.spool_log import set_aside_log
from gentrace.delivery.spool_paths import new_path, wal_path


def leave_log(spool, url, count):
    """Leave runs in the log of a file, as a process does that is killed; the path of the log."""
    spool.mkdir()
    file = SpoolFile.make(new_path(spool), url)
    for number in range(count):
        body = b'{"name": "%s", "stepRuns": []}' % (b"n" * 5000)
        file.add(f"run {number}", time.time(), body)
    log = wal_path(file.path)
    content, log_content = file.path.read_bytes(), log.read_bytes()
    file.release()
    file.path.write_bytes(content)
    log.write_bytes(log_content)
    return log


def spoil(log, place):
    with log.open("r+b") as file:
        file.seek(place)
        file.write(b"\xa5" * 8)


FRAME = 24 + 4096


@pytest.mark.parametrize(
    ("place", "least"),
    [(0, 0), (20, 0), (10_000, 0), (32 + 60 * FRAME + 99, 10), (32 + 60 * FRAME + 8, 10)],
    ids=["magic number", "head", "schema", "page", "salt"],
)
def test_a_damaged_log_is_set_aside_and_what_is_readable_is_sent(spool, caplog, place, least):
    """SQLite itself would forget what follows the damage."""
    with Peer() as peer:
        log = leave_log(spool, peer.url, 50)
        spoil(log, place)
        content = log.read_bytes()
        with delivering(peer, spool=spool) as delivery:
            assert delivery.flush(30)
            peer.wait(lambda: "damaged" in caplog.text)
            assert least <= delivery.stats().delivered < 50
        assert files(spool) == [f"{log.name}.damaged"]
        assert (spool / f"{log.name}.damaged").read_bytes() == content
        assert sum("damaged" in record.message for record in caplog.records) == 1


def test_a_damaged_log_that_cannot_be_set_aside_is_warned_of(spool, caplog):
    """Here there is a folder of that name."""
    with Peer() as peer:
        log = leave_log(spool, peer.url, 50)
        spoil(log, 10_000)
        (spool / f"{log.name}.damaged").mkdir()
        with delivering(peer, spool=spool) as delivery:
            assert delivery.flush(30)
            peer.wait(lambda: "Is a directory" in caplog.text)
            assert delivery.stats().accepted == 0


def test_a_damaged_log_that_a_full_disk_keeps_from_being_copied_stays(spool):
    """It is set aside once what is readable of it is in the file."""
    log = leave_log(spool, "http://127.0.0.1:9/api/v1", 50)
    spoil(log, 32 + 60 * FRAME + 99)
    content = log.read_bytes()
    with disk_that_fills(64 * 1024) as fill:
        fill()
        with pytest.raises(sqlite3.OperationalError):
            set_aside_log(log.with_name(log.name.removesuffix("-wal")))
    assert log.read_bytes() == content


def test_a_log_whose_database_is_lost_is_set_aside(spool, caplog):
    """SQLite would remove it."""
    with Peer() as peer:
        log = leave_log(spool, peer.url, 5)
        log.with_name(log.name.removesuffix("-wal")).write_bytes(b"")
        with delivering(peer, spool=spool) as delivery:
            assert delivery.flush(30)
            peer.wait(lambda: "damaged" in caplog.text)
        assert files(spool) == [f"{log.name}.damaged"]


@pytest.mark.parametrize("cut", [1, 4096, 4097])
def test_a_log_that_ends_in_the_middle_of_a_commit_is_not_damaged(spool, caplog, cut):
    with Peer() as peer:
        log = leave_log(spool, peer.url, 50)
        with log.open("r+b") as file:
            file.truncate(log.stat().st_size - cut)
        with delivering(peer, spool=spool) as delivery:
            assert delivery.flush(30)
            assert delivery.stats() == DeliveryStats(49, 49)
    assert files(spool) == []
    assert caplog.records == []


@pytest.mark.parametrize(
    ("frames", "place"), [(1, 2), (0, 1)], ids=["its last one is missing", "its last one is torn"]
)
def test_frames_of_a_commit_that_was_not_finished_are_no_damage(spool, caplog, frames, place):
    """After a loss of power, some of them may be on disk and others not."""
    with Peer() as peer:
        log = leave_log(spool, peer.url, 50)
        with log.open("r+b") as file:
            file.truncate(log.stat().st_size - frames * FRAME)
        spoil(log, log.stat().st_size - place * FRAME + 99)
        with delivering(peer, spool=spool) as delivery:
            assert delivery.flush(30)
            assert delivery.stats() == DeliveryStats(49, 49)
    assert files(spool) == []
    assert caplog.records == []


def test_damage_to_the_last_commit_is_found(spool):
    with Peer() as peer:
        log = leave_log(spool, peer.url, 50)
        spoil(log, log.stat().st_size - 2 * FRAME + 99)
        with delivering(peer, spool=spool) as delivery:
            assert delivery.flush(30)
            assert delivery.stats() == DeliveryStats(49, 49)
    assert files(spool) == [f"{log.name}.damaged"]


def test_a_damaged_log_of_a_later_version_is_set_aside(spool):
    """SQLite would remove it."""
    log = leave_log(spool, "http://127.0.0.1:9/api/v1", 50)
    spoil(log, 20)
    content = log.read_bytes()
    path = log.with_name(log.name.removesuffix("-wal"))
    with path.open("r+b") as file:
        file.seek(60)
        file.write(b"\0\0\0\2")
    with delivering("http://127.0.0.1:9", spool=spool) as delivery:
        assert delivery.flush(30)
    assert path.exists()
    assert (spool / f"{log.name}.damaged").read_bytes() == content


def test_a_damaged_log_is_listed(spool):
    log = leave_log(spool, "http://127.0.0.1:9/api/v1", 50)
    spoil(log, 32 + 60 * FRAME + 99)
    (entry,) = list_spool(spool)
    assert entry.flaw == f"damaged: its log was set aside as {log.name}.damaged"
    assert 10 < entry.runs < 50


def test_a_file_that_another_program_reads_is_adopted_later(spool, caplog):
    """Nobody can tell yet whether its log is damaged."""
    with Peer() as peer:
        log = leave_log(spool, peer.url, 5)
        path = log.with_name(log.name.removesuffix("-wal"))
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute("BEGIN")
            assert database.execute("SELECT count(*) FROM runs").fetchone() == (5,)
            with closing(sqlite3.connect(path)) as writer, writer:
                writer.execute("DELETE FROM runs WHERE id = 1")
            with delivering(peer, spool=spool) as delivery:
                assert delivery.flush(30)
                peer.wait(lambda: "another program reads it" in caplog.text)
                database.execute("COMMIT")
                assert delivery.flush(30)
                assert delivery.stats() == DeliveryStats(4, 4)
