"""The runs of a spool, without threads: which are in memory, which on disk, and what files lose."""

import sqlite3
from contextlib import closing
from math import inf

import pytest
from support.deliveries import ODD, files
from support.desks import HOST, Desk, change, damage

from gentrace import ApiValueError
from gentrace.delivery import DeliveryStats, Receipt
from gentrace.delivery.run import Run
from gentrace.delivery.spool_file import SpoolFile


def test_memory_holds_the_next_runs_without_their_bodies(desk):
    """A run is taken with its body, in the order of the file."""
    receipts = desk.accept(5)
    assert desk.queue.stats == DeliveryStats(5, queued=5, bytes=3 * 2048)
    for receipt in receipts:
        run = desk.queue.take(0)
        assert (run.key, run.body) == (receipt.idempotency_key, b"{}")
        assert desk.queue.stats.bytes <= 3 * 2048 + 2
        desk.queue.deliver(run, "id")
    assert desk.ended() == dict.fromkeys(receipts, "id")
    assert desk.queue.take(0) == inf
    assert desk.queue.stats == DeliveryStats(5, 5)


def test_a_log_that_has_been_copied_is_written_over(desk):
    """It is begun anew at once: the write that does so waits for the disk, and no run's may."""
    body = bytes(500_000)
    desk.accept(12, body)
    (file,) = desk.spool.files()
    (log,) = file.path.parent.glob("*-wal")
    length = log.stat().st_size
    assert file.path.stat().st_size < length
    desk.queue.maintain()
    assert file.path.stat().st_size > 12 * 500_000
    assert log.stat().st_size == length
    head = log.read_bytes()[:32]
    desk.accept(12, body)
    assert log.stat().st_size < 1.1 * length
    assert log.read_bytes()[:32] == head


def test_a_run_that_is_put_back_leaves_its_body_on_disk(desk):
    desk.accept(1)
    run = desk.queue.take(0)
    desk.queue.requeue(run, 0, None, None)
    assert (run.body, desk.queue.stats.bytes) == (None, 2048)
    assert desk.queue.take(60).body == b"{}"


def test_a_file_that_is_damaged_in_use_keeps_no_other_waiting(tmp_path, desk):
    """Its runs stay in it, for the process that saves what is readable."""
    for _ in range(2):
        left = Desk(tmp_path / "spool")
        left.accept(50, bytes(3000))
        left.spool.close()
    first, _ = desk.adopt()
    damage(first.path)
    for _ in range(50):
        desk.queue.deliver(desk.queue.take(0), "id")
    assert desk.queue.take(0) == inf
    assert desk.queue.stats == DeliveryStats(100, delivered=50, queued=50)
    assert "malformed" in desk.said[0]
    desk.queue.maintain()
    assert desk.spool.files() == [first]


def test_runs_larger_than_what_memory_may_hold_go_one_by_one(tmp_path):
    tiny = Desk(tmp_path / "spool", max_bytes=1000)
    tiny.accept(2)
    run = tiny.queue.take(0)
    assert tiny.queue.take(0) == inf
    tiny.queue.deliver(run, "id")
    tiny.queue.deliver(tiny.queue.take(0), "id")
    assert tiny.queue.stats == DeliveryStats(2, 2)
    tiny.spool.close()


def test_runs_that_cannot_be_loaded_now_are_loaded_later(desk):
    desk.accept(4)
    for _ in range(3):
        desk.queue.deliver(desk.queue.take(0), "id")
    desk.execute("ALTER TABLE runs RENAME TO others")
    assert desk.queue.take(0) == inf
    assert "cannot be read" in desk.said[0]
    desk.queue.maintain()
    desk.execute("ALTER TABLE others RENAME TO runs")
    assert desk.queue.take(0).body == b"{}"


def test_runs_that_are_gone_from_the_file_alone_end_as_expired(desk):
    """Also for whoever waits for them; a file that came later is nothing to an earlier flush."""
    before = desk.queue.flush()
    receipts = desk.accept(6)
    flush = desk.queue.flush()
    desk.execute("DELETE FROM runs WHERE id > 4")
    for _ in range(4):
        desk.queue.deliver(desk.queue.take(0), "id")
    assert flush.remaining == 2
    assert desk.queue.take(0) == inf
    assert flush.remaining == before.remaining == 0
    assert desk.ended() == {
        **dict.fromkeys(receipts, "id"),
        **dict.fromkeys(receipts[4:], "expired"),
    }
    assert desk.queue.stats == DeliveryStats(6, 4, dropped={"expired": 2})
    assert desk.dropped == ["expired"] * 2


def test_what_a_later_file_loses_is_nothing_to_a_flush(tmp_path, desk):
    left = Desk(tmp_path / "spool")
    left.accept(2)
    left.spool.close()
    (file,) = desk.spool.claim_orphans()
    desk.accept(1)
    flush = desk.queue.flush()
    desk.queue.adopt(file)
    change(file.path, "DELETE FROM runs")
    run = desk.queue.take(0)
    assert desk.queue.take(0) == inf
    assert desk.queue.stats == DeliveryStats(3, in_flight=1, dropped={"expired": 2}, bytes=2050)
    assert flush.remaining == 1
    desk.queue.deliver(run, "id")
    assert flush.remaining == 0


def test_what_is_left_stays_on_disk_and_receipts_say_so(desk):
    """Of runs in memory, in flight, and in the file alone."""
    receipts = desk.accept(5)
    desk.queue.take(0)
    desk.queue.abandon(None)
    assert desk.ended() == dict.fromkeys(receipts, "spooled")
    assert desk.queue.stats == DeliveryStats(5, queued=5)
    assert desk.queue.receipts() == []
    (late,) = desk.accept(1)
    assert desk.ended()[late] == "closed"


def test_a_file_that_cannot_be_maintained_is_warned_about(tmp_path, desk):
    left = Desk(tmp_path / "spool")
    left.accept(1)
    left.spool.close()
    (file,) = desk.spool.claim_orphans()
    desk.queue.adopt(file)
    change(file.path, "ALTER TABLE runs RENAME TO others")
    desk.queue.maintain()
    assert "cannot be read" in desk.said[0]
    change(file.path, "ALTER TABLE others RENAME TO runs")
    desk.queue.deliver(desk.queue.take(0), "id")
    desk.queue.maintain()
    assert desk.spool.files() == []


def test_a_claimed_file_is_found_again_until_it_is_queued(tmp_path, desk):
    """By a flush that comes in between: it shall not end before the runs of that file are sent."""
    desk.accept(2)
    desk.spool.close()
    found = Desk(tmp_path / "spool")
    (file,) = found.spool.claim_orphans()
    assert found.spool.claim_orphans() == [file]
    found.queue.adopt(file)
    found.queue.adopt(file)
    assert found.queue.stats == DeliveryStats(2, queued=2)
    assert found.spool.claim_orphans() == []
    found.spool.close()


def test_a_file_that_is_found_too_late_stays_for_the_next(tmp_path, desk):
    desk.accept(2)
    desk.spool.close()
    first, second = Desk(tmp_path / "spool"), Desk(tmp_path / "spool")
    (file,) = first.spool.claim_orphans()
    first.spool.close()
    first.queue.adopt(file)
    assert first.queue.stats == DeliveryStats()
    (file,) = second.spool.claim_orphans()
    second.queue.adopt(file)
    assert second.queue.stats == DeliveryStats(2, queued=2)
    second.spool.close()


def test_a_file_that_another_process_removed_meanwhile_is_nothing(tmp_path, desk):
    """Its name is still in the list of the directory."""
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / ODD).symlink_to(tmp_path / "gone")
    before = files(tmp_path / "spool")
    assert desk.spool.claim_orphans() == []
    assert files(tmp_path / "spool") == before
    assert desk.said == []


@pytest.mark.parametrize("date", ["'today'", "-1e300", "1e300", "-9e999"])
def test_a_date_that_is_none_drops_no_run(tmp_path, desk, date):
    left = Desk(tmp_path / "spool")
    left.accept(1)
    left.execute(f"UPDATE runs SET accepted_at = {date}")  # noqa: S608 - our own words
    left.spool.close()
    (file,) = desk.spool.claim_orphans()
    assert file.oldest() is None
    desk.queue.adopt(file)
    assert desk.queue.take(0).body == b"{}"


def test_a_file_that_cannot_be_read_for_a_while_keeps_its_runs(tmp_path, desk):
    left = Desk(tmp_path / "spool")
    left.accept(2)
    left.spool.close()
    (file,) = desk.spool.claim_orphans()
    change(file.path, "ALTER TABLE runs RENAME TO others")
    desk.queue.adopt(file)
    assert desk.queue.take(0) == inf
    assert "cannot be read" in desk.said[0]
    change(file.path, "ALTER TABLE others RENAME TO runs")
    assert desk.queue.take(0).body == b"{}"
    assert desk.queue.stats.queued == 1


@pytest.mark.parametrize("kind", [sqlite3.OperationalError, ValueError])
def test_a_damaged_file_that_cannot_be_copied_stays_as_it_was(tmp_path, desk, monkeypatch, kind):
    """Nothing is left of the copy, and the file is saved later."""
    left = Desk(tmp_path / "spool")
    left.accept(2)
    (file,) = left.spool.files()
    left.spool.close()
    with closing(sqlite3.connect(file.path, isolation_level=None)) as database:
        database.execute("CREATE TABLE later (value CHECK (value > 3))")
        database.execute("PRAGMA ignore_check_constraints = ON")
        database.execute("INSERT INTO later VALUES (1)")
    before = {path.name for path in file.path.parent.iterdir()}

    def refuse(copy, key, accepted_at, body):
        if copy.last_row:
            raise kind("the disk is full")
        return add(copy, key, accepted_at, body)

    add = SpoolFile.add
    with monkeypatch.context() as patch:
        patch.setattr(SpoolFile, "add", refuse)
        assert desk.spool.claim_orphans() == []
    assert [text.endswith("cannot be read: the disk is full") for text in desk.said] == [True]
    assert {path.name for path in file.path.parent.iterdir()} == before
    (saved,) = desk.spool.claim_orphans()
    assert "set aside" in desk.said[-1]
    desk.queue.adopt(saved)
    assert desk.queue.stats == DeliveryStats(2, queued=2)


def test_a_large_file_that_is_damaged_is_saved_as_far_as_it_can_be_read(tmp_path, desk):
    left = Desk(tmp_path / "spool")
    for number in range(20):
        left.queue.accept(Run(f"run {number}", bytes(2**20), receipt=Receipt()))
    (file,) = left.spool.files()
    left.spool.close()
    with closing(sqlite3.connect(file.path)) as database:
        page = database.execute("PRAGMA page_size").fetchone()[0]
    with file.path.open("r+b") as database:
        database.seek(page * (10 * 2**20 // page))
        database.write(b"\xff" * page)
    (saved,) = desk.spool.claim_orphans()
    assert "set aside" in desk.said[-1]
    desk.queue.adopt(saved)
    assert 15 <= desk.queue.stats.queued < 20


def test_a_large_file_is_adopted(tmp_path, desk):
    left = Desk(tmp_path / "spool")
    left.accept(1, bytes(9 * 2**20))
    left.spool.close()
    (file,) = desk.spool.claim_orphans()
    assert file.count() == 1
    assert desk.said == []
    file.close()


def test_a_file_without_its_log_is_measured_all_the_same(desk):
    desk.accept(1)
    (file,) = desk.spool.files()
    for log in file.path.parent.glob("*-wal"):
        log.unlink()
    assert not file.size.has_room(10, 1)
    assert file.size.has_room(10, 10**9)


@pytest.mark.parametrize("when", ["maintained", "closed"])
def test_a_host_that_changes_while_runs_wait_is_named_in_all_files(tmp_path, desk, when):
    """The next process sends them there."""
    left = Desk(tmp_path / "spool")
    left.accept(2)
    left.spool.close()
    desk.accept(3)
    desk.adopt()
    desk.host = "http://127.0.0.1:8"
    if when == "maintained":
        desk.queue.maintain()
        assert [file.host for file in desk.spool.files()] == [desk.host] * 2
    desk.spool.close()
    other, same = Desk(tmp_path / "spool"), Desk(tmp_path / "spool", host=desk.host)
    assert other.adopt() == []
    assert sum(file.count() for file in same.adopt()) == 5
    same.spool.close()


def test_where_settings_cannot_be_used_the_host_stays_that_was_named(tmp_path, desk, monkeypatch):
    desk.accept(1)

    def fail(_):
        raise ApiValueError("host: cannot be used")

    with monkeypatch.context() as patch:
        patch.setattr(Desk, "host", property(fail), raising=False)
        desk.spool.close()
    left = Desk(tmp_path / "spool")
    assert [file.host for file in left.adopt()] == [HOST]
    left.spool.close()


def test_a_host_in_another_spelling_is_the_same(tmp_path):
    left = Desk(tmp_path / "spool", host="HTTP://LocalHost:9/api")
    left.accept(2)
    left.spool.close()
    for host, count in (("http://localhost:9/API", 0), ("http://localhost:9/api", 2)):
        desk = Desk(tmp_path / "spool", host=host)
        desk.adopt()
        assert desk.queue.stats.queued == count
        desk.spool.close()
