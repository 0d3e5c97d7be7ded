"""How deep free-form content may be nested, and that the caller keeps what is his."""

import json
from collections import UserDict
from dataclasses import dataclass

import pytest
from frozendict import frozendict
from support.bodies import Things

from gentrace.exceptions import ApiValueError
from gentrace.models import StepRun, StepRunProvider
from gentrace.schemas import FREE_OBJECT, MAX_DEPTH, REQUEST_RULES, encode


@dataclass
class Inner:
    step_runs: list


def _nest(wrap, levels):
    value = {}
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
