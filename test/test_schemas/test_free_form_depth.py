"""How deep free-form content may be nested, and that the caller keeps what is his."""

import json
from collections import UserDict
from dataclasses import dataclass

import pytest
from frozendict import frozendict
from support.bodies import BODY, Things

from gentrace.exceptions import ApiValueError
from gentrace.models import StepRun, StepRunProvider
from gentrace.schemas import FREE_OBJECT, MAX_DEPTH, REQUEST_RULES, encode


@dataclass
class Inner:
    step_runs: list


def _nest(wrap, levels, innermost=()):
    value = innermost or {}
    for _ in range(levels - 1):
        value = wrap(value)
    return value


@pytest.mark.parametrize(
    "wrap",
    [
        lambda inner: {"a": inner},
        lambda inner: [inner],
        lambda inner: (inner,),
        lambda inner: frozendict(a=inner),
        lambda inner: UserDict(a=inner),
        Inner,
    ],
    ids=["dict", "list", "tuple", "frozendict", "mapping", "dataclass"],
)
def test_content_may_be_nested_200_levels_deep_and_no_deeper(wrap):
    step = StepRun(unknown=_nest(wrap, MAX_DEPTH))
    assert json.loads(encode(step))
    for make in (StepRun, StepRun.from_openapi_data_oapg):
        with pytest.raises(ApiValueError, match=r"^nested deeper than 200 levels at \$") as caught:
            make({"unknown": _nest(wrap, MAX_DEPTH + 1)})
        assert len(caught.value.path_to_item) == MAX_DEPTH + 1
        assert len(str(caught.value)) < 500


def test_a_long_array_is_a_level_too(dumps):
    """On the way to the wire as in a model."""
    floats = [0.5] * 40
    for levels, is_allowed in ((MAX_DEPTH, True), (MAX_DEPTH + 1, False)):
        step = {"unknown": _nest(lambda inner: [inner], levels, floats)}
        run = {"name": "n", "stepRuns": [step]}
        if is_allowed:
            assert json.loads(BODY.serialize(run, REQUEST_RULES, dumps)) == run
            assert json.loads(encode(StepRun(step))) == step
            continue
        with pytest.raises(ApiValueError, match=r"^nested deeper than 200 levels at \$"):
            BODY.serialize(run, REQUEST_RULES, dumps)
        with pytest.raises(ApiValueError, match=r"^nested deeper than 200 levels at \$"):
            StepRun(step)


def test_the_free_form_object_itself_is_the_first_level():
    deep = _nest(lambda inner: {"a": inner}, MAX_DEPTH)
    assert StepRunProvider(inputs=deep).inputs == FREE_OBJECT.check(deep, REQUEST_RULES) == deep
    with pytest.raises(ApiValueError, match=r"^nested deeper than 200 levels at \$\.inputs"):
        StepRunProvider(inputs={"v": deep})


def test_nothing_of_the_caller_is_changed():
    mine = {"a": [1, {"b": (2, [3])}], "c": Things([4])}
    StepRunProvider(inputs=mine, unknown=mine)
    assert mine == {"a": [1, {"b": (2, [3])}], "c": Things([4])}
    assert type(mine["a"]) is list
