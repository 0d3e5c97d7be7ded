"""Subclasses of what JSON has are what they hold; any class at all is accepted or refused."""

import collections.abc
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from support.effort import times
from support.hostile import METHODS, PLACES, RUN, endless, mute, raise_own, refusal
from support.json_values import same

from gentrace.models import PipelineRunRequest


@pytest.mark.parametrize("value", ["text", 5, 1.5, {"a": 1}, [1, 2], (1, 2)])
def test_value_of_a_subclass_is_what_it_holds(value):
    muted = mute(type(value))(value)
    run = PipelineRunRequest(name="a", step_runs=[], x=[muted])
    assert same(run["x"][0], tuple(value) if type(value) is list else value)
    assert refusal(RUN | {"x": muted}) is None


def test_declared_values_of_subclasses_are_what_they_hold():
    text, number, items, steps = map(mute, (str, int, dict, list))
    run = PipelineRunRequest(
        items(
            {
                text("name"): text("a"),
                "step_runs": steps(
                    [items({"elapsed_time": number(5), "provider": items({"name": text("b")})})]
                ),
            }
        )
    )
    assert same(run, {"name": "a", "stepRuns": ({"elapsedTime": 5, "provider": {"name": "b"}},)})


_NAMES = [*METHODS, "__hash__", "__class__", "__getattr__", "__getattribute__", "__length_hint__"]
_NAMES += ["model_dump", "tolist", "isoformat", "value", "utcoffset", "as_tuple", "is_finite"]
_NAMES += ["__dataclass_fields__", "__dict__", "__next__", "adjusted"]
_ANSWERS = {
    "raises": raise_own,
    "gives None": lambda *_: None,
    "gives -1": lambda *_: -1,
    "gives 2**70": lambda *_: 2**70,
    "gives NotImplemented": lambda *_: NotImplemented,
    "gives a text": lambda *_: "name",
    "gives bytes": lambda *_: b"\xff",
    "never ends": lambda *_: endless(("a", 1)),
    "gives NaN": lambda *_: {"a": float("nan")},
    "gives itself": lambda self, *_: self,
    "raises when read": property(raise_own),
    "is itself": property(lambda self: self),
    "is None": None,
    "is 5": 5,
}
_BASES = {
    object: (),
    str: ("name",),
    int: (5,),
    float: (1.0,),
    dict: ({"name": "a", "stepRuns": []},),
    list: ([{}],),
    tuple: ((1,),),
    collections.abc.Mapping: (),
    datetime: (2024, 1, 1),
    timedelta: (5,),
    Decimal: ("1.5",),
    set: ({1},),
}


@settings(max_examples=times(400))
@given(
    st.sampled_from(list(_BASES)),
    st.dictionaries(st.sampled_from(_NAMES), st.sampled_from(list(_ANSWERS)), max_size=4),
    st.sampled_from(list(PLACES)),
)
def test_an_object_of_any_class_is_accepted_as_json_or_refused(base, methods, place):
    wrap, path = PLACES[place]
    error = refusal(RUN | wrap(make_any(base, methods)))
    assert error is None or error.path_to_item[: len(path)] == path


def make_any(base, methods):
    methods = {name: _ANSWERS[answer] for name, answer in methods.items()}
    if base is collections.abc.Mapping:
        methods = dict.fromkeys(("__len__", "__iter__", "__getitem__"), lambda *_: 1) | methods
    try:
        kind = type("Hostile", (base,), methods)
        value = base.__new__(kind, *_BASES[base])
        if base in {dict, list, set}:
            base.__init__(value, *_BASES[base])
    except Exception:  # noqa: BLE001 - such a class has no instances
        reject()
    return value
