"""How many Python functions one call calls: a slow path cannot creep in unseen.

The ceilings are about 1.5 times the counts; raise one only with the reason for it.
"""

import gc
import sys

import pytest
from support.peers import Peer

from gentrace.model.pipeline_run_request import PipelineRunRequest

CEILINGS = {1: 825, 10: 1120}
"""Function calls by steps of a run, those of urllib3 and http.client included."""

CEILING_OF_A_STEP = 33


def a_run(steps):
    step = {
        "provider": {
            "name": "openai",
            "invocation": "createChatCompletion",
            "modelParams": {"model": "gpt-4", "temperature": 0.2, "stop": None},
            "inputs": {"messages": [{"role": "user", "content": "What is a pipeline?"}]},
            "outputs": {"answer": "Steps that run one after another.", "usage": {"tokens": 17}},
        },
        "elapsedTime": 1250,
        "startTime": "2023-05-04T09:30:00.125Z",
        "endTime": "2023-05-04T09:30:01.375Z",
    }
    return {"name": "answer-question", "stepRuns": [step] * steps}


def count_calls(function, *arguments):
    """How many Python functions are called, and which, without this one."""
    called = []

    def note(frame, event, _):
        if event == "call":
            called.append(frame.f_code.co_qualname)

    gc.disable()  # what the collector finalizes is of other tests
    sys.setprofile(note)
    try:
        function(*arguments)
    finally:
        sys.setprofile(None)
        gc.enable()
    return called


@pytest.mark.parametrize("encoder", ["json", "auto"])
@pytest.mark.parametrize("steps", CEILINGS)
@pytest.mark.parametrize("make", [dict, PipelineRunRequest], ids=["dict", "model"])
def test_call_stays_short(connect, encoder, steps, make):
    """The second call of a client, over a connection that is open."""
    if encoder == "auto":
        pytest.importorskip("orjson", reason="orjson, the optional encoder, is not installed")
    body = make(a_run(steps))
    with Peer() as peer:
        caller = connect(peer, json_encoder=encoder)
        caller.post(body)
        called = count_calls(caller.api.pipeline_run_post, body)
    assert len(called) <= CEILINGS[steps], called


def test_head_and_short_body_are_sent_at_once(connect):
    sent = []

    def note(_, event, function):
        if event == "c_call" and function.__name__ == "sendall":
            sent.append(function)

    with Peer() as peer:
        caller = connect(peer)
        caller.post(a_run(1))
        sys.setprofile(note)
        try:
            caller.post(a_run(10))
        finally:
            sys.setprofile(None)
    assert len(sent) == 1


def test_each_step_costs_few_calls(connect):
    with Peer() as peer:
        caller = connect(peer)
        caller.post(a_run(1))
        few, many = (len(count_calls(caller.post, a_run(steps))) for steps in (10, 110))
    assert many - few <= 100 * CEILING_OF_A_STEP
