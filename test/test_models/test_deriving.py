"""What can be derived from a model: each is checked, and a model again."""

import copy
import json
import sys
from collections import UserDict
from types import MappingProxyType

import pytest

from gentrace.exceptions import ApiKeyError, ApiTypeError, ApiValueError
from gentrace.models import PipelineRunRequest, PipelineRunResponse, StepRun

WIRE = {
    "name": "answer",
    "stepRuns": [
        {
            "provider": {"name": "openai", "modelParams": {"stop": ["\n"]}, "inputs": {"q": None}},
            "elapsedTime": 1250,
            "startTime": "2023-05-04T09:30:00.125Z",
        },
        {},
    ],
}
PYTHON = {
    "name": "answer",
    "step_runs": [
        {
            "provider": {"name": "openai", "model_params": {"stop": ["\n"]}, "inputs": {"q": None}},
            "elapsed_time": 1250,
            "start_time": "2023-05-04T09:30:00.125Z",
        },
        {},
    ],
}


def replace(model, **changes):
    """Call `copy.replace`, which Python has from 3.13 on."""
    if sys.version_info < (3, 13):
        return model.__replace__(**changes)
    return copy.replace(model, **changes)


@pytest.fixture
def run():
    return PipelineRunRequest(**PYTHON)


@pytest.mark.parametrize(
    ("derive", "expected"),
    [
        (lambda step: step | {"elapsed_time": 2.0}, {"elapsedTime": 2, "x": 1}),
        (lambda step: step | {"elapsedTime": 2, "y": [3]}, {"elapsedTime": 2, "x": 1, "y": (3,)}),
        (lambda step: step | StepRun(elapsed_time=2), {"elapsedTime": 2, "x": 1}),
        (lambda step: step.set("elapsed_time", 2), {"elapsedTime": 2, "x": 1}),
        (lambda step: step.set("elapsedTime", 2), {"elapsedTime": 2, "x": 1}),
        (lambda step: step.set("y", {"z": [3]}), {"elapsedTime": 1, "x": 1, "y": {"z": (3,)}}),
        (lambda step: step.setdefault("elapsed_time", 2), {"elapsedTime": 1, "x": 1}),
        (lambda step: step.setdefault("y", 2), {"elapsedTime": 1, "x": 1, "y": 2}),
        (lambda step: step.delete("elapsed_time"), {"x": 1}),
        (lambda step: step.delete("elapsedTime"), {"x": 1}),
        (lambda step: step.delete("x"), {"elapsedTime": 1}),
        (lambda step: step.fromkeys(["elapsed_time", "y"], 2), {"elapsedTime": 2, "y": 2}),
        (lambda step: step.fromkeys([]), {}),
        (lambda step: StepRun(step, elapsed_time=2), {"elapsedTime": 2, "x": 1}),
        (lambda step: step | MappingProxyType({"elapsed_time": 2}), {"elapsedTime": 2, "x": 1}),
        (lambda step: replace(step, elapsed_time=2), {"elapsedTime": 2, "x": 1}),
        (lambda step: replace(step, elapsedTime=2, y=[3]), {"elapsedTime": 2, "x": 1, "y": (3,)}),
        (replace, {"elapsedTime": 1, "x": 1}),
    ],
)
def test_what_is_derived_from_a_model_is_checked_and_a_model(derive, expected):
    step = StepRun(elapsed_time=1, x=1)
    derived = derive(step)
    assert derived == expected
    assert type(derived) is StepRun
    assert step == {"elapsedTime": 1, "x": 1}


def test_undeclared_property_of_an_answer_keeps_a_name_that_python_uses():
    answer = PipelineRunResponse.from_openapi_data_oapg({"pipeline_run_id": 5, "x": 1})
    assert PipelineRunResponse(answer) == answer
    assert answer.delete("x") == {"pipeline_run_id": 5}
    assert answer | {"x": 2} == answer.set("x", 2) == {"pipeline_run_id": 5, "x": 2}


def test_derived_in_place_is_another_model(run):
    before = run
    run |= {"name": "other"}
    assert type(run) is PipelineRunRequest
    assert (before.name, run.name) == ("answer", "other")


@pytest.mark.parametrize(
    ("derive", "error"),
    [
        (lambda run: run | {"step_runs": 1}, ApiTypeError),
        (lambda run: run | {"name": float("nan")}, ApiTypeError),
        (lambda run: run | {1: 2}, ApiTypeError),
        (lambda run: run.set("name", None), ApiTypeError),
        (lambda run: run.set("x", float("nan")), ApiValueError),
        (lambda run: run.setdefault("x"), None),
        (lambda run: run.setdefault("x", object()), ApiTypeError),
        (lambda run: run.delete("name"), ApiTypeError),
        (lambda run: run.delete("step_runs"), ApiTypeError),
        (lambda run: run.delete("zzz"), ApiKeyError),
        (lambda run: run.fromkeys(["name", "stepRuns"], "x"), ApiTypeError),
        (lambda run: run.fromkeys(["name"], "x"), ApiTypeError),
        (lambda run: run | 1, TypeError),
        (lambda run: run | [("name", "x")], ApiTypeError),
        (lambda run: run.set(1, 2), ApiTypeError),
        (lambda run: run.set([], 1), ApiTypeError),
        (lambda run: run.setdefault([], 1), ApiTypeError),
        (lambda run: run.delete([]), ApiTypeError),
        (lambda run: run.delete(1), ApiTypeError),
        (lambda run: run.fromkeys([1], 2), ApiTypeError),
        (lambda run: run.fromkeys([[]], 2), ApiTypeError),
        (lambda run: run.fromkeys(1), ApiTypeError),
    ],
)
def test_deriving_what_the_document_does_not_allow_is_an_error(run, derive, error):
    if error is None:
        assert derive(run)["x"] is None
        return
    with pytest.raises(error):
        derive(run)
    assert json.loads(json.dumps(run)) == WIRE


def test_whatever_else_a_frozendict_can_be_changed_into_is_checked_or_no_model(run):
    assert run | UserDict(cost=2) == {**run, "cost": 2}
    merged = {"name": 1, "cost": 2} | run
    assert merged == {**run, "cost": 2}
    assert not isinstance(merged, PipelineRunRequest) or merged.name == "answer"
    assert run.key(0) == "name"
