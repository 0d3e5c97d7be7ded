"""A stored run can be deleted."""

import sqlite3
from contextlib import ExitStack

import gentrace.local


def test_a_deleted_run_is_gone_with_its_key(fresh):
    first = fresh.post(Idempotency_Key="key").json["pipelineRunId"]
    path = f"{fresh.api}/pipeline-runs/{first}"
    answer = fresh.ask("DELETE", path)
    assert (answer.status, answer.content) == (204, b"")
    assert fresh.ask("DELETE", path).status == 404
    assert fresh.runs() == []
    assert fresh.post({"name": "other", "stepRuns": []}, Idempotency_Key="key").status == 200


def test_a_page_begins_after_the_run_that_ended_another_though_it_is_deleted(fresh):
    stored = [fresh.post().json["pipelineRunId"] for _ in range(5)][::-1]
    page = fresh.get("/pipeline-runs?limit=3").json
    assert page["next"] == stored[2]
    assert fresh.ask("DELETE", f"{fresh.api}/pipeline-runs/{stored[2]}").status == 204
    rest = fresh.get(f"/pipeline-runs?before={stored[2]}").json["pipelineRuns"]
    assert [run["pipelineRunId"] for run in rest] == stored[3:]


def test_what_is_deleted_is_overwritten(connect, tmp_path, monkeypatch):
    """The search index aside, which has words of names, inputs and outputs."""
    make = sqlite3.connect

    def make_careless(*arguments, **more):
        """As of a build of SQLite that does not overwrite by itself."""
        connection = make(*arguments, **more)
        connection.execute("PRAGMA secure_delete = OFF")
        return connection

    monkeypatch.setattr(sqlite3, "connect", make_careless)
    path = tmp_path / "runs.sqlite3"
    steps = [{"provider": {"name": "openai", "modelParams": {"key": f"sk-{'9' * 5000}"}}}]
    with ExitStack() as stack:
        client = connect(stack.enter_context(gentrace.local.serve(database=path)).url)
        stored = [client.post({"name": "n", "stepRuns": steps}) for _ in range(3)]
        stack.pop_all().close()
        assert b"sk-9999" in path.read_bytes()
        client = connect(stack.enter_context(gentrace.local.serve(database=path)).url)
        for answer in stored:
            run_id = answer.json["pipelineRunId"]
            assert client.ask("DELETE", f"{client.api}/pipeline-runs/{run_id}").status == 204
    assert b"sk-9999" not in path.read_bytes()
