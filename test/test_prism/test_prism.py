"""Prism, a server by other people, judges each request by the document."""

import json
import os
import shutil
import signal
import socket
import subprocess
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.json_values import json_values, respell, valid_date_times, valid_values

import gentrace
from gentrace.apis.tags.ingestion_api import IngestionApi
from gentrace.models import PipelineRunRequest

pytestmark = pytest.mark.skipif(shutil.which("npx") is None, reason="npm is not installed")

# For JavaScript a number beyond that of a double is infinite.
runs = valid_values("PipelineRunRequest", valid_date_times).filter(
    lambda run: len(json.dumps(run)) < 4000
)


@pytest.fixture(scope="module")
def prism(root):
    """The address of a Prism that answers by the document, or refuses what it does not allow."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(  # noqa: S603 - a fixed command
        [
            *(shutil.which("npx"), "--yes", "@stoplight/prism-cli@5", "mock", "openapi.yaml"),
            *("--errors", "--host", "127.0.0.1", "--port", str(port)),
        ],
        cwd=root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    said = []
    try:
        for line in process.stdout:
            said.append(line)
            if "is listening" in line:
                break
        else:
            pytest.fail("Prism did not start:\n" + "".join(said))
        # A pipe that nobody reads would stop it.
        reader = threading.Thread(target=process.stdout.read)
        reader.start()
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if "is listening" in "".join(said):
            reader.join()
        process.stdout.close()


@pytest.fixture(scope="module")
def client(prism):
    configuration = gentrace.Configuration(prism, "KEY", retries=0)
    with gentrace.ApiClient(configuration) as client:
        yield client


@settings(max_examples=60)
@given(run=runs, random=st.randoms(use_true_random=False))
def test_each_run_that_the_sdk_sends_is_accepted(run, random, client, document):
    """As a plain dict in either spelling, and as a model."""
    schemas = document["components"]["schemas"]
    example = schemas["PipelineRunResponse"]["properties"]["pipelineRunId"]["example"]
    spelled = respell(
        run,
        PipelineRunRequest,
        lambda declared: random.choice([declared.name, declared.wire_name]),
    )
    for body in (spelled, PipelineRunRequest(run)):
        answer = IngestionApi(client).pipeline_run_post(body=body)
        assert answer.response.status == 200
        assert answer.body.pipeline_run_id == example


@pytest.mark.parametrize(
    "body",
    [
        {"stepRuns": []},
        {"name": "n"},
        {"name": None, "stepRuns": []},
        {"name": "n", "stepRuns": {}},
        {"name": "n", "step_runs": []},
        {"name": "n", "stepRuns": [1]},
        {"name": "n", "stepRuns": [{"elapsedTime": "12"}]},
        {"name": "n", "stepRuns": [{"elapsedTime": 1.5}]},
        {"name": "n", "stepRuns": [{"elapsedTime": True}]},
        {"name": "n", "stepRuns": [{"startTime": "2023-02-29T00:00:00Z"}]},
        {"name": "n", "stepRuns": [{"endTime": "yesterday"}]},
        {"name": "n", "stepRuns": [{"provider": []}]},
        {"name": "n", "stepRuns": [{"provider": {"modelParams": 1}}]},
        {"name": "n", "stepRuns": [{"provider": {"inputs": ["q"]}}]},
        {"name": "n", "stepRuns": [{"provider": {"name": 1}}]},
    ],
)
def test_what_breaks_the_document_is_refused_by_the_sdk_and_by_the_server(body, client):
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    answer = client.call_api("/pipeline-run", "POST", headers, json.dumps(body))
    assert 400 <= answer.status < 500
    with pytest.raises((gentrace.ApiTypeError, gentrace.ApiValueError)):
        PipelineRunRequest.from_openapi_data_oapg(body)


@settings(max_examples=20)
@given(body=json_values.filter(lambda value: not isinstance(value, dict)))
def test_what_is_no_object_is_refused_by_the_server(body, client):
    headers = {"Content-Type": "application/json"}
    text = json.dumps(body)
    if len(text) < 4000:
        assert 400 <= client.call_api("/pipeline-run", "POST", headers, text).status < 500


def test_a_call_without_a_token_is_refused(prism):
    with (
        gentrace.ApiClient(gentrace.Configuration(host=prism)) as client,
        pytest.raises(gentrace.ApiException) as caught,
    ):
        IngestionApi(client).pipeline_run_post(body={"name": "n", "stepRuns": []})
    assert caught.value.status == 401


def test_an_answer_of_a_documented_failure_is_read(client):
    for status in (400, 500):
        client.set_default_header("Prefer", f"code={status}")
        try:
            with pytest.raises(gentrace.ApiException) as caught:
                IngestionApi(client).pipeline_run_post(body={"name": "n", "stepRuns": []})
        finally:
            del client.default_headers["Prefer"]
        assert caught.value.status == status
        assert type(caught.value.api_response).__name__ == f"ApiResponseFor{status}"
