"""What the store promises about the disk."""

import json
import os
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

import gentrace.local
from gentrace.local.cancellation import Cancellation
from gentrace.local.filters import Filters
from gentrace.local.reading import SELECT_SUMMARY
from gentrace.local.store import Store
from gentrace.local.summaries import summarize
from gentrace.local.writing import Retention

FILL = """
import json, resource, sys
import gentrace.local
sys.path.insert(0, sys.argv[1])
from support.local_client import Client
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
FIRST_VERSION = """
CREATE TABLE IF NOT EXISTS pipeline_runs (
    position INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    idempotency_key TEXT UNIQUE,
    created_at TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL
)
"""
INSERT = (
    "INSERT INTO pipeline_runs (id, created_at, name, body, idempotency_key) VALUES (?, ?, ?, ?, ?)"
)
CREATED = "2026-11-26T10:00:00.000Z"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.sqlite3"


def add(store, name="n", key=None):
    body = {"name": name, "stepRuns": []}
    return store.writer.add(Cancellation(), json.dumps(body), summarize(body, 20), key)


def permissions(path):
    return stat.S_IMODE(path.stat().st_mode)


def make_first_version(path, bodies):
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute(FIRST_VERSION)
        for number, body in enumerate(bodies):
            name = json.loads(body)["name"]
            row = (f"id {number}", CREATED, name, body, f"key {number}")
            database.execute(INSERT, row)
        database.execute("PRAGMA user_version = 1")
        database.commit()


def test_every_commit_is_synced(path, monkeypatch):
    made, connect = [], sqlite3.connect

    def watched(*args, **kwargs):
        made.append(connect(*args, **kwargs))
        return made[-1]

    monkeypatch.setattr(sqlite3, "connect", watched)
    with closing(Store(path)):
        assert made[0].execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert made[0].execute("PRAGMA synchronous").fetchone() == (2,)


def test_runs_are_there_when_the_file_is_opened_again(path):
    with closing(Store(path)) as store:
        stored = add(store, key="k")
        assert stored.is_new
    with closing(Store(path)) as store:
        assert json.loads(store.reader.run(stored.id))["pipelineRun"] == json.loads(stored.body)
        again = add(store, key="k")
        assert (again.id, again.body, again.is_new) == (stored.id, stored.body, False)


def test_the_write_ahead_log_becomes_part_of_the_file_at_the_end(path):
    with closing(Store(path)) as store:
        add(store)
        assert store.reader.pipelines()
    assert [each.name for each in path.parent.iterdir()] == ["runs.sqlite3"]


def test_two_servers_may_store_in_one_file_at_once(path):
    with closing(Store(path)) as one, closing(Store(path)) as other:

        def fill(store):
            return [add(store, key=f"k{number}") for number in range(200)]

        with ThreadPoolExecutor(2) as pool:
            stored, too = pool.map(fill, (one, other))
        assert [run.id for run in stored] == [run.id for run in too]
        assert all(a.is_new != b.is_new for a, b in zip(stored, too, strict=True))


def test_the_file_is_for_this_user_alone_and_so_is_a_directory_that_is_made(tmp_path):
    """It holds prompts."""
    path = tmp_path / "made" / "runs.sqlite3"
    before = os.umask(0o022)
    try:
        with closing(Store(path)) as store:
            add(store)
            modes = {each.name: permissions(each) for each in path.parent.iterdir()}
    finally:
        os.umask(before)
    names = ["runs.sqlite3", "runs.sqlite3-wal", "runs.sqlite3-shm"]
    assert modes == dict.fromkeys(names, 0o600)
    assert permissions(path.parent) == 0o700


def test_a_directory_and_a_file_that_are_there_keep_their_modes(path):
    path.parent.chmod(0o750)
    Store(path).close()
    path.chmod(0o640)
    Store(path).close()
    assert (permissions(path), permissions(path.parent)) == (0o640, 0o750)


@pytest.mark.parametrize(
    "make", [lambda path: path.mkdir(), lambda path: path.write_text("x" * 999)]
)
def test_what_is_no_database_is_refused_and_left_alone(path, make):
    make(path)
    with pytest.raises(OSError, match=r"cannot store in .*runs\.sqlite3: "):
        Store(path)


@pytest.mark.parametrize(
    ("version", "statements", "words"),
    [
        (7, [], "it holds version 7 of the tables, not 2"),
        (0, ["CREATE TABLE mine (x)"], "it is the database of another program$"),
        (
            1,
            ["CREATE TABLE mine (x)"],
            "it is the database of another program: it has no table pipeline_runs",
        ),
        (2, [FIRST_VERSION], "it is the database of another program: it has no table run_facts"),
        (
            1,
            ["CREATE TABLE pipeline_runs (id, body)"],
            "its table pipeline_runs has other columns than this version's",
        ),
        (
            1,
            [FIRST_VERSION, "ALTER TABLE pipeline_runs ADD COLUMN mine"],
            "its table pipeline_runs has other columns than this version's",
        ),
    ],
)
def test_a_database_of_another_program_or_version_is_refused_and_left_alone(
    path, version, statements, words
):
    with closing(sqlite3.connect(path)) as other:
        for statement in statements:
            other.execute(statement)
        other.execute(f"PRAGMA user_version = {version}")
    before = path.read_bytes()
    with pytest.raises(OSError, match=f"cannot store in .*: {words}"):
        Store(path)
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["runs.sqlite3"]


def test_tables_of_somebody_else_beside_ours_are_no_matter(path):
    Store(path).close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE INDEX mine ON pipeline_runs (name)")
    Store(path).close()


def test_a_database_of_the_first_version_keeps_all_it_holds(path):
    long = "9" * 4300
    bodies = [
        '{"name": "old",  "stepRuns": [{"elapsedTime": 1250, "error": "boom"}]}',
        f'{{"name": "odd", "stepRuns": [], "x": {"[" * 400}{long}, 1e400{"]" * 400}}}',
    ]
    make_first_version(path, bodies)
    path.chmod(0o644)
    for _ in range(2):
        with closing(Store(path)) as store:
            assert store.reader.run("id 0") == (
                f'{{"pipelineRunId": "id 0", "createdAt": "{CREATED}", "name": "old", '
                '"startTime": null, "duration": 1250, "steps": 1, "error": "boom", '
                '"failedSteps": 1, "bytes": 70, "timeline": [[0, 1250, 1, ""]], '
                f'"pipelineRun": {bodies[0]}}}'
            )
            assert bodies[1] in store.reader.run("id 1")
            assert [each["name"] for each in store.reader.pipelines()] == ["odd", "old"]
            assert add(store, key="key 1").id == "id 1"
    # That version left its file readable to all.
    assert permissions(path) == 0o600


def test_a_database_of_the_first_version_may_belong_to_another_user(path, monkeypatch):
    """Who alone may change its mode."""

    def refuse(*_):
        raise PermissionError

    make_first_version(path, ['{"name": "n", "stepRuns": []}'])
    monkeypatch.setattr(type(path), "chmod", refuse)
    with closing(Store(path)) as store:
        assert store.reader.run("id 0")


def test_an_upgrade_that_fails_changes_nothing(path):
    make_first_version(path, ['{"name": "n", "stepRuns": []}'])
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE pipeline_runs SET created_at = 'damaged'")
        database.commit()
    with pytest.raises(OSError, match=r"cannot store in .*DAMAGED"):
        Store(path)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (1,)
        assert database.execute("SELECT count(*) FROM sqlite_master").fetchone() == (3,)


def test_a_full_disk_is_507_and_leaves_nothing_half_written(finish, tmp_path):
    code, output, errors = finish(Path(__file__).parents[1], code=FILL)
    assert code == 0
    assert errors.startswith("the run was not stored: ")
    assert errors.count("\n") == 1
    status, answer, names, after = json.loads(output)
    assert status == 507
    assert answer["error"].startswith("the run was not stored: ")
    assert names == ["small"]
    assert after == 200
    with closing(sqlite3.connect(tmp_path / "full.sqlite3")) as database:
        rows = database.execute("SELECT name FROM pipeline_runs ORDER BY position").fetchall()
        assert rows == [("small",), ("later",)]
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_damaged_database_is_503_and_one_line_of_the_log(connect, path, caplog):
    """It lost a row of one of its tables, then a page was overwritten."""
    with closing(Store(path)) as store:
        for number in range(50):
            add(store, key=str(number))
    with closing(sqlite3.connect(path)) as database:
        database.execute("DELETE FROM pipeline_runs WHERE position = 50")
        sql = "SELECT rootpage FROM sqlite_master WHERE name = 'run_facts'"
        (page,) = database.execute(sql).fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
        database.commit()
    with gentrace.local.serve(database=path) as server:
        client = connect(server.url)
        caplog.clear()
        refused = client.post()
        with path.open("r+b") as file:
            file.seek((page - 1) * size)
            file.write(b"x" * size)
        listed = client.get("/pipelines")
    for answer in (refused, listed):
        assert answer.status == 503
        assert "the database is damaged: " in answer.json["error"]
    assert len(caplog.messages) == 2
    assert "Traceback" not in caplog.text


def test_an_error_that_repeats_a_file_cannot_control_the_terminal(connect, path, caplog):
    Store(path).close()
    with closing(sqlite3.connect(path)) as database:
        database.execute(
            "CREATE TRIGGER t BEFORE INSERT ON pipeline_runs"
            " BEGIN SELECT RAISE(ABORT, '\x1b[2J\nanother line'); END"
        )
    with gentrace.local.serve(database=path) as server:
        assert connect(server.url).post().status == 503
    (message,) = caplog.messages
    assert message.endswith(r": the database is damaged: \x1b[2J\nanother line")


def test_a_schema_that_cannot_be_read_cannot_control_the_terminal(path):
    Store(path).close()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute("UPDATE sqlite_master SET name = '\x1b[2J\nodd', sql = 'CREATE TABLE ('")
    with pytest.raises(OSError, match=r"malformed database schema \(\\x1b\[2J\\nodd\)"):
        Store(path)


def names(store):
    found = store.reader.positions_after(Filters(), 1000, 0)
    texts, _ = store.reader.texts(found, SELECT_SUMMARY)
    return [json.loads(text)["name"] for text in texts]


def test_the_oldest_runs_beyond_a_number_are_forgotten(path):
    with closing(Store(path, Retention(max_runs=3))) as store:
        for number in range(5):
            add(store, str(number), str(number))
        assert names(store) == ["2", "3", "4"]
        assert add(store, "0", "0").is_new
    with closing(Store(path, Retention(max_runs=1))) as store:
        assert names(store) == ["0"]


def test_the_number_of_runs_may_be_an_integer_of_numpy(path):
    numpy = pytest.importorskip("numpy")
    with closing(Store(path, Retention(max_runs=numpy.int64(1)))) as store:
        for name in ("0", "1"):
            add(store, name)
        assert names(store) == ["1"]


def test_a_gap_among_the_runs_counts_as_none(path):
    with closing(Store(path, Retention(max_runs=3))) as store:
        stored = [add(store, str(number)) for number in range(3)]
        store.writer.delete(Cancellation(), stored[1].id)
        add(store, "3")
        assert names(store) == ["0", "2", "3"]


def test_runs_older_than_an_age_are_forgotten(path):
    with closing(Store(path)) as store:
        for number in range(205):
            add(store, str(number))
    with closing(sqlite3.connect(path)) as database:
        # As if all but two had been stored an hour ago.
        database.execute(
            "UPDATE run_facts SET created_at = created_at - 3600000 WHERE position < 204"
        )
        database.commit()
    with closing(Store(path, Retention(keep=7200))) as store:
        assert len(names(store)) == 205
    with closing(Store(path, Retention(keep=1800))) as store:
        assert names(store) == ["203", "204"]
        assert store.reader.page(Filters(text="7"), 10) == ([], None)
        assert store.reader.page(Filters(text="204"), 10) == ([205], None)
