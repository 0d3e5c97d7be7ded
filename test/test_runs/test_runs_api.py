"""Reading back what a local server has stored."""

import json
import pickle
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from support.caller import within
from support.peers import Peer, reply, send, stall

import gentrace
import gentrace.backfill
import gentrace.local
import gentrace.runs
from gentrace.exceptions import (
    ApiAttributeError,
    ApiResponseTooLargeException,
    ApiTimeoutException,
    ApiTypeError,
    ApiValueError,
)
from gentrace.runs import (
    PipelineSummary,
    Problem,
    RunsApi,
    StoredRun,
    run_delete,
    run_get,
    runs_list,
)
from gentrace.schemas import unset

KIND = "application/json; charset=utf-8"
OTHER = "4b5fdd0e-2f3c-4f6e-9d55-0c3f8f2f6a0e"


def ids(page):
    return [run.pipeline_run_id for run in page.body.pipeline_runs]


def test_a_run_comes_back_as_it_was_sent(runs, store):
    run_id = store(provider={"name": "openai", "inputs": {"n": 1.5}}, error="boom")
    answer = runs.run_get(run_id)
    assert type(answer) is run_get.ApiResponseFor200
    run = answer.body
    assert type(run) is StoredRun
    with pytest.raises(ApiAttributeError, match=r": did you mean 'pipeline_run_id'\?$"):
        run.pipelineRunId  # noqa: B018 - reading it is the test
    assert (run.pipeline_run_id, run.name, run.steps) == (run_id, "answer-question", 1)
    assert (run.start_time, run.duration) == ("2023-05-04T09:30:00Z", 10)
    assert (run.error, run.failed_steps) == ("boom", 1)
    assert run.timeline == ((0, 10, 1, "openai"),)
    assert run.pipeline_run["stepRuns"][0]["provider"] == {"name": "openai", "inputs": {"n": 1.5}}
    assert pickle.loads(pickle.dumps(run)) == run  # noqa: S301 - our own


def test_what_is_not_known_of_a_run_is_none(runs, client):
    gentrace.IngestionApi(client).pipeline_run_post({"name": "empty", "stepRuns": []})
    (run,) = runs.runs_list().body.pipeline_runs
    assert (run.start_time, run.duration, run.error) == (None, None, None)
    assert (run.steps, run.timeline) == (0, ())


def test_a_page_has_the_newest_runs_and_says_where_the_next_begins(runs, store):
    stored = [store() for _ in range(5)][::-1]
    first = runs.runs_list(limit=2)
    assert (ids(first), first.body.next) == (stored[:2], stored[1])
    second = runs.runs_list(limit=2, before=first.body.next)
    assert (ids(second), second.body.next) == (stored[2:4], stored[3])
    last = runs.runs_list(limit=2, before=second.body.next)
    assert (ids(last), last.body.next) == (stored[4:], None)


def test_a_summary_leaves_the_body_out(runs, store):
    store()
    (run,) = runs.runs_list(view="summary").body.pipeline_runs
    assert run.pipeline_run is unset
    (run,) = runs.runs_list(view="full").body.pipeline_runs
    assert run.pipeline_run["name"] == "answer-question"


NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, {"plain", "slow", "failed"}),
        ({"name": "slow"}, {"slow"}),
        ({"text": "capital FRAN*"}, {"plain"}),
        ({"has_error": True}, {"failed"}),
        ({"has_error": False}, {"plain", "slow"}),
        ({"min_duration": 1000.5}, {"slow"}),
        ({"since": NOW - timedelta(days=1)}, {"plain", "slow", "failed"}),
        ({"since": NOW + timedelta(days=1)}, set()),
        ({"until": "2023-05-04T09:30:00Z"}, set()),
        ({"name": "slow", "has_error": True}, set()),
        ({"name": unset, "has_error": unset}, {"plain", "slow", "failed"}),
    ],
)
def test_filters_say_which_runs(runs, store, filters, expected):
    store("plain", provider={"inputs": {"question": "The capital of France?"}})
    store("slow", elapsedTime=2000)
    store("failed", error="boom")
    assert {run.name for run in runs.runs_list(**filters).body.pipeline_runs} == expected
    assert {run.name for run in runs.runs_iterate(**filters)} == expected
    with runs.runs_export(**filters) as answer:
        assert {json.loads(line)["name"] for line in answer.response} == expected


def test_all_runs_are_given_page_after_page(runs, store):
    stored = [store() for _ in range(5)][::-1]
    for limit in (1, 2, 5, 6):
        assert [run.pipeline_run_id for run in runs.runs_iterate(limit=limit)] == stored
    begun = runs.runs_iterate(limit=2, before=stored[1])
    assert [run.pipeline_run_id for run in begun] == stored[2:]


def test_a_timeout_holds_for_each_page():
    with (
        Peer(stall) as peer,
        gentrace.ApiClient(gentrace.Configuration(peer.url)) as client,
        within(0.3),
        pytest.raises(ApiTimeoutException),
    ):
        next(RunsApi(client).runs_iterate(timeout=0.3))


def test_each_run_may_be_deleted_as_it_is_given(runs, store):
    stored = [store() for _ in range(5)][::-1]
    deleted = []
    for run in runs.runs_iterate(limit=2):
        runs.run_delete(run.pipeline_run_id)
        deleted.append(run.pipeline_run_id)
    assert deleted == stored
    assert ids(runs.runs_list()) == []


def test_pages_follow_each_other_while_the_server_forgets_runs():
    """The run at which a page ended may be gone when the next one is asked for."""
    with (
        gentrace.local.serve(max_runs=4) as server,
        gentrace.ApiClient(gentrace.Configuration(server.url)) as client,
    ):
        api, runs = gentrace.IngestionApi(client), RunsApi(client)
        for number in range(4):
            api.pipeline_run_post({"name": f"old {number}", "stepRuns": []})
        pages = runs.runs_iterate(limit=2)
        assert [next(pages).name, next(pages).name] == ["old 3", "old 2"]
        for number in range(3):
            api.pipeline_run_post({"name": f"new {number}", "stepRuns": []})
        assert list(pages) == []


def test_smaller_pages_are_asked_for_where_one_is_larger_than_an_answer_may_be(runs, store):
    stored = [store(text="x" * 300_000) for _ in range(20)][::-1]
    assert [run.pipeline_run_id for run in runs.runs_iterate()] == stored
    store(text="x" * 5_000_000)
    with pytest.raises(ApiResponseTooLargeException):
        list(runs.runs_iterate())


def test_a_page_that_lost_all_its_runs_is_passed_over():
    """They were deleted while the server gave it."""
    run = json.dumps({
        "pipelineRunId": "1", "createdAt": "2023-05-04T09:30:00Z", "name": "n", "startTime": None,
        "duration": None, "steps": 0, "error": None, "failedSteps": 0, "bytes": 2, "timeline": [],
    })  # fmt: skip

    empty = reply(200, b'{"pipelineRuns": [], "next": "1"}', content_type=KIND)
    full = reply(200, f'{{"pipelineRuns": [{run}], "next": null}}'.encode(), content_type=KIND)
    with Peer(empty, full) as peer, gentrace.ApiClient(gentrace.Configuration(peer.url)) as client:
        assert [each.pipeline_run_id for each in RunsApi(client).runs_iterate()] == ["1"]


def test_a_deleted_run_is_gone(runs, store):
    run_id = store()
    answer = runs.run_delete(run_id)
    assert type(answer) is run_delete.ApiResponseFor204
    assert (answer.response.status, answer.body) == (204, unset)
    for call in (runs.run_get, runs.run_delete):
        with pytest.raises(gentrace.ApiException) as caught:
            call(run_id)
        assert caught.value.status == 404
        assert type(caught.value.api_response) is run_get.ApiResponseFor404
        # The host is right, so that no remedy sends the reader there.
        assert str(caught.value).endswith('"at":"id"}')
        assert type(caught.value.api_response.body) is Problem
        assert caught.value.api_response.body.error == "there is no pipeline run of that id"


def test_an_id_is_one_part_of_the_path(runs):
    """Whatever characters it has; what would be another path is refused."""
    with pytest.raises(gentrace.ApiException) as caught:
        runs.run_get("../pipelines?x#y")
    assert caught.value.status == 404
    for id in ("", "..", 5):  # noqa: A001 - the parameter's name
        with pytest.raises((ApiTypeError, ApiValueError), match="id"):
            runs.run_get(id)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"limit": "5"}, ApiTypeError, r"^expected an integer, got str '5' at \$\.limit"),
        ({"has_error": 1}, ApiTypeError, r"^expected a boolean, got int 1 at \$\.has_error"),
        ({"min_duration": "1"}, ApiTypeError, r"^expected a number, got .* at \$\.min_duration"),
        ({"since": datetime(2023, 5, 4)}, ApiValueError, r"since"),  # noqa: DTZ001 - naive
        ({"nam": "x"}, ApiTypeError, r"runs_list has no 'nam'.*name"),
    ],
)
def test_a_mistake_is_said_before_anything_is_sent(arguments, error, words):
    configuration = gentrace.Configuration("http://127.0.0.1:1")
    with gentrace.ApiClient(configuration) as client, pytest.raises(error, match=words):
        RunsApi(client).runs_list(**arguments)


def test_what_the_server_refuses_says_why(runs):
    for call in (lambda: runs.runs_list(limit=0), lambda: runs.runs_list(view="none")):
        with pytest.raises(gentrace.ApiException) as caught:
            call()
        answer = caught.value.api_response
        assert type(answer) is runs_list.ApiResponseFor400
        assert answer.body.at in {"limit", "view"}
    with pytest.raises(gentrace.ApiException) as caught, runs.runs_export(text="*"):
        pass
    assert caught.value.api_response.body.at == "text"


def test_a_wrong_token_is_a_401_with_the_servers_words():
    with gentrace.local.serve(token="right") as server:  # noqa: S106 - of a test
        configuration = gentrace.Configuration(server.url, "wrong")
        with gentrace.ApiClient(configuration) as client:
            api = RunsApi(client)
            for call in (
                api.runs_list,
                api.runs_export,
                api.pipelines_list,
                lambda: api.run_get(OTHER),
                lambda: api.run_delete(OTHER),
            ):
                with pytest.raises(gentrace.ApiException) as caught:
                    call()
                answer = caught.value.api_response
                assert type(answer) is runs_list.ApiResponseFor401
                assert "token" in answer.body.error
                assert "check Configuration.access_token" in str(caught.value)


def test_an_export_is_read_line_by_line_and_can_be_sent_again(runs, store, client):
    """The oldest first; nothing is held but what is being read."""
    for number in range(30):
        store(f"n{number}", provider={"inputs": {"text": "x" * 100_000}})
    with runs.runs_export() as answer:
        lines = iter(answer.response)
        first = next(lines)
        assert answer.response.tell() < 2**20
        bodies = [json.loads(line) for line in [first, *lines]]
    assert [body["name"] for body in bodies] == [f"n{number}" for number in range(30)]
    result = gentrace.backfill.send_lines([first], client.configuration)
    assert result.sent == 1


def test_an_export_that_is_closed_frees_its_connection(client, store):
    for _ in range(20):
        store(provider={"inputs": {"text": "x" * 500_000}})
    configuration = gentrace.Configuration(client.configuration.host, connection_pool_maxsize=1)
    with gentrace.ApiClient(configuration) as narrow:
        api = RunsApi(narrow)
        with api.runs_export() as answer:
            next(iter(answer.response))
        assert len(ids(api.runs_list(view="summary"))) == 20


def test_pipelines_have_the_figures_of_their_runs(runs, store):
    for elapsed in (10, 20, 30):
        store("first", elapsedTime=elapsed)
    store("second", error="boom")
    newest, oldest = runs.pipelines_list().body.pipelines
    assert type(newest) is PipelineSummary
    assert (newest.name, newest.runs, newest.error_rate) == ("second", 1, 1)
    assert (oldest.name, oldest.runs, oldest.error_rate) == ("first", 3, 0)
    assert (oldest.median_duration, oldest.p95_duration) == (20, 30)
    assert oldest.last_run.endswith("Z")


def test_gets_and_deletes_are_tried_again():
    busy = reply(503, headers=[("Retry-After", "0")])
    gone = send(b"HTTP/1.1 204 No Content\r\n\r\n")
    with Peer(busy, gone) as peer, gentrace.ApiClient(gentrace.Configuration(peer.url)) as client:
        assert RunsApi(client).run_delete("1").response.status == 204
        assert len(peer.requests) == 2


def test_the_local_room_has_the_class_by_its_name():
    assert gentrace.local.RunsApi is gentrace.runs.RunsApi


def test_importing_the_class_loads_neither_a_server_nor_the_transport():
    script = """
import sys
sys.modules["starlette"] = sys.modules["uvicorn"] = None
import gentrace.local
gentrace.local.RunsApi
assert "urllib3" not in sys.modules
"""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert (done.returncode, done.stderr) == (0, "")
