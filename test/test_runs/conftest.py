"""A local server with a client that reads back what it has stored."""

import pytest

import gentrace
import gentrace.local
from gentrace.runs import RunsApi


@pytest.fixture(scope="session")
def _shared():
    with gentrace.local.serve() as server:
        yield server


@pytest.fixture
def client(_shared):
    """A client of a server that is empty."""
    with gentrace.ApiClient(gentrace.Configuration(_shared.url)) as made:
        api = RunsApi(made)
        for run in list(api.runs_iterate(limit=1000, view="summary")):
            api.run_delete(run.pipeline_run_id)
        yield made


@pytest.fixture
def runs(client):
    """What is tested."""
    return RunsApi(client)


@pytest.fixture
def store(client):
    """Store a run of one step; gives its id."""
    api = gentrace.IngestionApi(client)

    def post(name="answer-question", **step):
        step = {"elapsedTime": 10, "startTime": "2023-05-04T09:30:00Z"} | step
        answer = api.pipeline_run_post({"name": name, "stepRuns": [step]})
        return answer.body.pipeline_run_id

    return post
