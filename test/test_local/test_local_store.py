"""What the store promises about the disk."""

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from gentrace.local.store import Store

FILL = """
import json, resource, sys
import gentrace.local
sys.path.insert(0, sys.argv[1])
from conftest import Client
with gentrace.local.serve(database="full.sqlite3") as server:
    client = Client(server.url)
    assert client.post({"name": "small", "stepRuns": []}).status == 200
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
    large = client.post({"name": "x" * 1_000_000, "stepRuns": []}, Idempotency_Key="k")
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    names = [run["name"] for run in client.runs()]
    after = client.post({"name": "later", "stepRuns": []}, Idempotency_Key="k")
    print(json.dumps([large.status, large.json, names, after.status]))
    client.close()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.sqlite3"


def test_every_commit_is_synced(path):
    with closing(Store(path)) as store:
        assert store._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert store._connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_runs_are_there_when_the_file_is_opened_again(path):
    with closing(Store(path)) as store:
        stored = store.add("n", "{}", "k")
    with closing(Store(path)) as store:
        assert store.get(stored.id) == stored
        assert store.add("n", "{}", "k") == stored


def test_the_write_ahead_log_becomes_part_of_the_file_at_the_end(path):
    with closing(Store(path)) as store:
        store.add("n", "{}", None)
    assert [each.name for each in path.parent.iterdir()] == ["runs.sqlite3"]


def test_two_servers_may_store_in_one_file_at_once(path):
    with closing(Store(path)) as one, closing(Store(path)) as other:

        def add(store):
            return [store.add("n", "{}", f"k{number}") for number in range(200)]

        with ThreadPoolExecutor(2) as pool:
            stored, too = pool.map(add, (one, other))
        assert stored == too


@pytest.mark.parametrize(
    "make", [lambda path: path.mkdir(), lambda path: path.write_text("x" * 999)]
)
def test_what_is_no_database_is_refused_and_left_alone(path, make):
    make(path)
    with pytest.raises(OSError, match=r"cannot store in .*runs\.sqlite3: "):
        Store(path)


def test_a_database_without_a_write_ahead_log_is_refused():
    with pytest.raises(OSError, match="cannot store in :memory:: it cannot hold a write-ahead log"):
        Store(":memory:")


def test_a_database_of_another_version_is_refused(path):
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 7")
    with pytest.raises(OSError, match="it holds version 7 of the table, not 1"):
        Store(path)


def test_a_full_disk_is_507_and_leaves_nothing_half_written(finish, tmp_path):
    code, output, errors = finish(__file__.rpartition("/")[0], code=FILL)
    assert (code, errors) == (0, "")
    status, answer, names, after = json.loads(output)
    assert status == 507
    assert answer["error"].startswith("the run was not stored: ")
    assert names == ["small"]
    assert after == 200
    with closing(sqlite3.connect(tmp_path / "full.sqlite3")) as database:
        rows = database.execute("SELECT name FROM pipeline_runs ORDER BY position").fetchall()
        assert rows == [("small",), ("later",)]
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
