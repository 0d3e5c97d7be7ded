"""A stored run can be forgotten."""


def test_a_deleted_run_is_gone_with_its_key(fresh):
    first = fresh.post(Idempotency_Key="key").json["pipelineRunId"]
    path = f"{fresh.api}/pipeline-runs/{first}"
    answer = fresh.ask("DELETE", path)
    assert (answer.status, answer.content) == (204, b"")
    assert fresh.ask("DELETE", path).status == 404
    assert fresh.runs() == []
    assert fresh.post({"name": "other", "stepRuns": []}, Idempotency_Key="key").status == 200
