"""Writes that fail: another process is at it, the file is gone, or nobody waits any more."""

import asyncio
import json
import shutil
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest

import gentrace.local
from gentrace.local import http_server, writing
from gentrace.local.cancellation import Cancellation
from gentrace.local.reading import Reader
from gentrace.local.storage_errors import WriteCancelledError
from gentrace.local.store import Store
from gentrace.local.strict_json import same_value
from gentrace.local.summaries import summarize
from gentrace.local.threads import ThreadPool


@contextmanager
def written_by_another(path):
    """Hold the writer's lock of a database, as another process would."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_reading_waits_for_no_writer(tmp_path, connect):
    path = tmp_path / "runs.sqlite3"
    with gentrace.local.serve(database=path) as server:
        client = connect(server.url)
        run_id = client.post().json["pipelineRunId"]
        with ThreadPoolExecutor(8) as pool:
            with written_by_another(path):
                # More than there are threads to write in.
                writers = [pool.submit(connect(server.url).post) for _ in range(8)]
                begun = time.monotonic()
                assert client.get(f"/pipeline-runs/{run_id}").status == 200
                assert client.get("/pipelines").status == 200
                assert len(client.runs()) == 1
                assert time.monotonic() - begun < writing.BUSY_TIMEOUT / 2
            assert {each.result().status for each in writers} == {200}


def test_a_write_that_waits_too_long_is_503_and_is_not_stored(tmp_path, connect, monkeypatch):
    monkeypatch.setattr(writing, "BUSY_TIMEOUT", 0.2)
    path = tmp_path / "runs.sqlite3"
    with gentrace.local.serve(database=path) as server:
        client = connect(server.url)
        run_id = client.post().json["pipelineRunId"]
        with written_by_another(path):
            refused = client.post()
            kept = client.ask("DELETE", f"/api/v1/pipeline-runs/{run_id}")
        for answer, what in ((refused, "stored"), (kept, "deleted")):
            assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
            words = f"the run was not {what}: another process is writing to the database"
            assert answer.json == {"error": words}
        assert [run["pipelineRunId"] for run in client.runs()] == [run_id]


def test_a_run_that_the_stopping_server_refused_is_not_stored(tmp_path, connect, monkeypatch):
    monkeypatch.setattr(http_server, "GRACE", 0.05)
    path = tmp_path / "runs.sqlite3"
    begun = time.monotonic()
    with ThreadPoolExecutor(8) as pool, written_by_another_once_served(path) as serving:
        server, end = serving
        replies = [pool.submit(connect(server.url).post) for _ in range(8)]
        time.sleep(0.3)  # for most of them to wait; whether they do makes no difference
        server.close()
        end()
        statuses = [reply.exception(30) or reply.result().status for reply in replies]
    assert time.monotonic() - begun < writing.BUSY_TIMEOUT
    assert 200 not in statuses
    with gentrace.local.serve(database=path) as server:
        assert connect(server.url).runs() == []


@contextmanager
def written_by_another_once_served(path):
    server = gentrace.local.serve(database=path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield server, lambda: other.execute("ROLLBACK")
    server.close()


def test_a_write_is_called_off_or_committed_and_never_both():
    first = Cancellation()
    assert first.cancel()
    assert not first.commit()
    second = Cancellation()
    assert second.commit()
    assert not second.cancel()
    assert not second.is_cancelled


def test_a_write_that_is_being_committed_is_waited_for_and_answered():
    committing, go = threading.Event(), threading.Event()

    def write(cancellation):
        assert cancellation.commit()
        committing.set()
        assert go.wait(30)
        return "stored"

    async def give_up():
        with ThreadPool(1, "writer") as pool:
            task = asyncio.create_task(pool.run_cancellable(write))
            await asyncio.to_thread(committing.wait, 30)
            task.cancel()
            await asyncio.sleep(0)
            go.set()
            return await task

    assert asyncio.run(give_up()) == "stored"


def test_a_write_that_was_called_off_before_its_end_is_rolled_back(tmp_path):
    cancellation = Cancellation()
    assert cancellation.cancel()
    body = {"name": "n", "stepRuns": []}
    with closing(Store(tmp_path / "runs.sqlite3")) as store:
        with pytest.raises(WriteCancelledError):
            store.writer.add(cancellation, json.dumps(body), summarize(body, 1), None)
        assert store.reader.pipelines() == []


def test_what_fails_for_another_reason_is_not_waited_for(tmp_path):
    store = Store(tmp_path / "runs.sqlite3")
    store.close()
    for _ in range(2):
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            store.writer.delete(Cancellation(), "id")


def test_runs_that_were_deleted_meanwhile_are_left_out_of_a_list(fresh, monkeypatch):
    monkeypatch.setattr(Reader, "page", lambda *_: ([10**6], None))
    fresh.post()
    assert fresh.get().json == {"pipelineRuns": [], "next": None}


def test_a_page_whose_last_run_is_deleted_meanwhile_still_has_a_next_one(connect, monkeypatch):
    """It said that no run follows, and the older ones were passed over."""
    run = ThreadPool.run

    async def run_and_delete(workers, task, *arguments):
        found = await run(workers, task, *arguments)
        await asyncio.to_thread(other.ask, "DELETE", f"/api/v1/pipeline-runs/{newer}")
        return found

    with gentrace.local.serve() as server:
        client, other = connect(server.url), connect(server.url)
        older, newer = (client.post().json["pipelineRunId"] for _ in range(2))
        monkeypatch.setattr(ThreadPool, "run", run_and_delete)
        page = client.get("/pipeline-runs?limit=1").json
        assert page == {"pipelineRuns": [], "next": newer}
        (run,) = client.get(f"/pipeline-runs?before={newer}").json["pipelineRuns"]
        assert run["pipelineRunId"] == older


@pytest.mark.parametrize("spoil", ["remove", "replace", "log"])
def test_a_file_that_goes_while_it_is_served_is_503(tmp_path, connect, spoil):
    """Else a run is answered that nobody can find."""
    path = tmp_path / "runs.sqlite3"
    with gentrace.local.serve(database=path) as server:
        client = connect(server.url)
        assert client.post().status == 200
        if spoil == "log":
            path.with_name("runs.sqlite3-wal").unlink()
        else:
            path.unlink()
        if spoil == "replace":
            shutil.copy(__file__, path)
        for answer in (client.post(), client.get()):
            assert answer.status == 503
            assert "was removed or replaced while it was in use" in answer.json["error"]
            assert "Retry-After" not in answer.headers


def test_comparing_two_spellings_is_bounded_like_the_check(connect):
    """The same key with the same numbers spelled otherwise took 15 seconds at a time-out of 5."""
    numbers = ["1.5"] * 400_000
    body = '{"name": "n", "stepRuns": [], "x": [%s]}'
    with gentrace.local.serve(timeout=0.4) as server:
        client = connect(server.url)
        assert client.post(body % ",".join(numbers), Idempotency_Key="k").status == 200
        refused = client.post(body % ", ".join(numbers), Idempotency_Key="k")
    assert refused.status == 413
    assert "takes longer than 0.4 seconds" in refused.json["error"]


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("0.5", "5e-1", True),
        ("0.050", "5.0E-2", True),
        ("-100", "-1e+2", True),
        ("0", "-0.0e7", True),
        ("120", "1.2e2", True),
        ("120", "12e3", False),
        ("0.5", "5", False),
        ("10", "1", False),
        ("1", "-1", False),
        ("1", '"1e0"', False),
    ],
)
def test_numbers_are_compared_by_value(one, other, is_same):
    class Patient:
        def tick(self):
            pass

    assert same_value(f"[{one}]", f"[{other}]", Patient()) is is_same


def test_a_write_after_a_cancelled_one_is_stored_alone(tmp_path):
    summary = summarize({"name": "n", "stepRuns": []}, 2)
    cancelled = Cancellation()
    cancelled.cancel()
    with closing(Store(tmp_path / "runs.sqlite3")) as store:
        with pytest.raises(WriteCancelledError):
            store.writer.add(cancelled, "{}", summary, "key")
        assert store.writer.add(Cancellation(), "{}", summary, "key").is_new


@pytest.mark.parametrize("end", ["stop", "cancel"])
def test_a_write_that_waits_ends_when_the_server_stops_or_it_is_cancelled(tmp_path, end):
    path = tmp_path / "runs.sqlite3"
    summary = summarize({"name": "n", "stepRuns": []}, 2)
    cancellation = Cancellation()
    with closing(Store(path)) as store, written_by_another(path), ThreadPoolExecutor(1) as pool:
        adding = pool.submit(store.writer.add, cancellation, "{}", summary, None)
        if end == "stop":
            store.writer.stop()
        else:
            cancellation.cancel()
        with pytest.raises(WriteCancelledError):
            adding.result()


def test_comparing_objects_looks_at_the_clock():
    class Stopped:
        def tick(self):
            raise LookupError

    with pytest.raises(LookupError):
        same_value(json.dumps([{}]), "[{} ]", Stopped())
