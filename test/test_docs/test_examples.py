"""The examples, as a reader runs them."""

import json
import re
import socket
from urllib.request import urlopen

import pytest
from support.peers import Peer, reply

import gentrace.local
from gentrace import schemas


@pytest.fixture
def contract(root, run_python):
    """Run the contract's example against a host."""
    return lambda host: run_python(root / "examples" / "contract.py", GENTRACE_HOST=host)


@pytest.fixture
def quickstart(root, run_python):
    """Run the quickstart."""
    script = root / "examples" / "quickstart.py"
    return lambda *question, **environment: run_python(script, *question, **environment)


def stored(url):
    with urlopen(f"{url}/pipeline-runs") as answer:  # noqa: S310 - a local server
        return [run["pipelineRun"] for run in json.load(answer)["pipelineRuns"]]


def test_contract_example_stores_a_run(contract):
    with gentrace.local.serve() as server:
        printed = contract(server.url)
        (run,) = stored(server.url)
    assert re.fullmatch(
        r"ApiResponseFor200\(status=200, body=.*'pipelineRunId': '[\w-]+'.*\)\n", printed
    )
    assert run == {
        "name": "name_example",
        "stepRuns": [
            {
                "provider": {
                    "name": "name_example",
                    "invocation": "invocation_example",
                    "modelParams": {},
                    "inputs": {},
                    "outputs": {},
                },
                "elapsedTime": 1,
                "startTime": "1970-01-01T00:00:00.00Z",
                "endTime": "1970-01-01T00:00:00.00Z",
            }
        ],
    }


def test_contract_example_with_a_wrong_token(contract):
    """It says so by `ApiException`, and what to check."""
    with gentrace.local.serve(token="another") as server:  # noqa: S106 - of this test
        printed = contract(server.url)
    assert printed.startswith("Exception when calling IngestionApi->pipeline_run_post: (401) ")
    assert "GENTRACE_API_KEY" in printed
    assert "YOUR_BEARER_TOKEN" not in printed


def test_contract_example_with_a_closed_port(contract):
    """It says so by `ApiException`, without a status."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        printed = contract(f"http://127.0.0.1:{port}/api/v1")
    assert printed.startswith("Exception when calling IngestionApi->pipeline_run_post: (0) ")
    assert f"127.0.0.1:{port}" in printed


@pytest.mark.parametrize("question", [None, "Which proxies are supported?"])
def test_quickstart_stores_and_shows_a_run(quickstart, question, tmp_path):
    """Without a key it starts the server itself, and stores in the folder that it runs in."""
    printed = quickstart(*filter(None, [question]))
    with gentrace.local.serve(database=tmp_path / "gentrace.sqlite3") as server:
        (run,) = stored(server.url)
    retrieved, composed = steps = run["stepRuns"]
    assert [step["provider"]["invocation"] for step in steps] == ["retrieve", "compose"]
    asked = retrieved["provider"]["inputs"]["question"]
    assert question in {None, asked}
    passages = retrieved["provider"]["outputs"]["output"]
    assert passages
    assert all(passage in composed["provider"]["inputs"]["prompt"] for passage in passages)
    times = [schemas.as_datetime(step[name]) for step in steps for name in ("startTime", "endTime")]
    assert times == sorted(times)
    lines = printed.splitlines()
    assert lines[0] == f"question  {asked}"
    assert lines[1] == f"answer    {composed['provider']['outputs']['answer']}"
    assert re.fullmatch(r"run       [\w-]+", lines[2])
    assert [line.split()[1] for line in lines[3:5]] == ["retrieve", "compose"]
    assert lines[5] == f"stored in {tmp_path / 'gentrace.sqlite3'}"


def test_quickstart_sends_to_a_host_that_is_named(quickstart, tmp_path):
    with gentrace.local.serve() as server:
        printed = quickstart(GENTRACE_HOST=server.url)
        assert len(stored(server.url)) == 1
    assert printed.endswith(f"sent to   {server.url}\n")
    assert [*tmp_path.iterdir()] == []


def test_quickstart_says_why_a_run_is_not_stored(quickstart):
    with Peer(reply(400)) as peer:
        said = quickstart(GENTRACE_HOST=peer.url, fails=True)
    # The delivery may have logged the drop, before or after.
    assert "\nnot stored: refused: the server does not take it ((400) Bad Request" in f"\n{said}"
    assert "Traceback" not in said
