"""What leaves a file of a spool, how large it becomes, and a disk that has no room."""

import sqlite3
from contextlib import closing, contextmanager

import pytest
from support.desks import Desk

from gentrace.delivery.ownership import Ownership
from gentrace.delivery.run import Run
from gentrace.delivery.spool_file import SpoolFile


def refuse_host(*_):
    raise sqlite3.OperationalError("database or disk is full")


def refuse_file(path, **more):
    if path.suffix == ".sqlite3":
        raise sqlite3.OperationalError("unable to open database file")
    return connect(path, **more)


connect = sqlite3.connect


@pytest.mark.parametrize(
    ("place", "put"),
    [
        ((SpoolFile, "set_host"), refuse_host),
        ((sqlite3, "connect"), refuse_file),
        ((Ownership, "acquire"), lambda _: None),
    ],
)
def test_a_file_that_cannot_be_made_leaves_nothing(tmp_path, desk, monkeypatch, place, put):
    """It is not tried for each run, but again at the next look."""
    tries = []

    def count(*arguments, **more):
        tries.append(arguments)
        return put(*arguments, **more)

    with monkeypatch.context() as patch:
        patch.setattr(*place, count)
        desk.accept(1)
        first = len(tries)
        desk.accept(1)
        assert len(tries) == first > 0
        assert list((tmp_path / "spool").iterdir()) == []
    desk.queue.maintain()
    assert desk.spool.files() == []
    desk.accept(1)
    assert len(desk.spool.files()) == 1


@contextmanager
def locked(path):
    """Nothing can be written, as another program does."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        yield


def rows(path):
    with closing(sqlite3.connect(path)) as database:
        return [row for (row,) in database.execute("SELECT id FROM runs ORDER BY id")]


def test_what_cannot_be_removed_is_removed_later(desk):
    desk.accept(3)
    (file,) = desk.spool.files()
    with locked(file.path):
        desk.queue.deliver(desk.queue.take(0), "id")
        desk.queue.maintain()
        assert rows(file.path) == [1, 2, 3]
    desk.queue.maintain()
    assert rows(file.path) == [2, 3]


def test_a_file_in_which_all_has_ended_is_removed_though_nothing_can_be_written(tmp_path, desk):
    """The own one too: a full disk gets its room back."""
    desk.accept(2)
    (file,) = desk.spool.files()
    with locked(file.path):
        for _ in range(2):
            assert desk.spool.files() == [file]
            desk.queue.deliver(desk.queue.take(0), "id")
            desk.queue.maintain()
        assert desk.spool.files() == []
        assert list((tmp_path / "spool").iterdir()) == []
    desk.accept(1)
    assert len(desk.spool.files()) == 1


def test_the_file_and_its_log_stay_within_the_bound_while_runs_come_and_go(tmp_path):
    """Over several outages; one run may be written beyond it."""
    most, body = 2**19, bytes(5000)
    desk = Desk(tmp_path / "spool", spool_max_bytes=most)

    def size():
        return sum(path.stat().st_size for path in (tmp_path / "spool").glob("*.sqlite3*[3l]"))

    kept = []
    for _ in range(3):
        while not desk.dropped:
            desk.accept(1, body)
            assert size() <= most + len(body) + 32768
        desk.dropped.clear()
        kept.append(desk.queue.stats.queued)
        while isinstance(run := desk.queue.take(0), Run):
            desk.queue.deliver(run, "id")
            assert size() <= most + len(body) + 32768
    assert min(kept) > 0.6 * most / 8192
    desk.spool.close()
