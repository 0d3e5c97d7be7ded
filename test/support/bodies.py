"""Bodies of any Python values, and what becomes of them on both ways to the wire."""

import copy
import json
from collections import Counter, OrderedDict, UserDict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from uuid import UUID

from frozendict import frozendict
from hypothesis import strategies as st
from support.json_values import (
    date_times,
    json_values,
    places_of,
    respell,
    same,
    valid_date_times,
    valid_values,
)

from gentrace.exceptions import ApiTypeError, ApiValueError
from gentrace.models import PipelineRunRequest, StepRun, StepRunProvider
from gentrace.schemas import REQUEST_RULES, ObjectSchema, encode, unset

BODY = ObjectSchema(PipelineRunRequest)


def outcome(write, value):
    """Give what is written, or else the error with all that it says."""
    try:
        return write(value)
    except (ApiTypeError, ApiValueError) as error:
        return type(error), str(error), error.path_to_item


def reference(value):
    return encode(BODY.check(value, REQUEST_RULES))


def agree(value, dumps):
    """Hold both paths to the same verdict; gives what they agree on."""
    expected = outcome(reference, value)
    got = outcome(lambda body: BODY.serialize(body, REQUEST_RULES, dumps), value)
    if isinstance(expected, bytes) and dumps is not None:
        assert isinstance(got, bytes)
        assert same(json.loads(got), json.loads(expected))
    else:
        assert got == expected
    return expected


def run_of(**step):
    return {"name": "n", "stepRuns": [{}, step]}


class Word(str):
    __slots__ = ()


class Whole(int):
    pass


class Real(float):
    pass


class Items(dict):
    pass


class Things(list):
    pass


class Color(Enum):
    RED = "red"


class Kind(StrEnum):
    CHAT = "name"


@dataclass
class Point:
    x: object


def nest(levels, leaf, wrap):
    for _ in range(levels):
        leaf = wrap(leaf)
    return leaf


def circle():
    value = {}
    value["a"] = [value, value]
    return value


def of_two_kinds(items):
    """Give a dict that had a key of another type than str, which its table remembers."""
    value = {0: None, **items}
    del value[0]
    return value


odd_texts = st.sampled_from(["\ud800", "a\udfff", "\0", "é", "\U0001f600", "\u2028", '"\\', "null"])
leaves = st.one_of(
    json_values,
    odd_texts,
    date_times,
    st.floats(),
    st.builds(lambda sign: sign * 10**4300, st.sampled_from([1, -1])),
    st.sampled_from([2**64 - 1, 2**64, -(2**63), -(2**63) - 1]),
    st.sampled_from([Whole(7), Whole(2**70), Real(0.5), Real("nan"), Word("text"), Word("\ud800")]),
    st.sampled_from([Items(a=1), OrderedDict(a=1), Counter("ab"), UserDict(a=1)]),
    st.sampled_from([Things([1]), frozendict(a=(1,)), frozendict({1: 2}), (1, [2])]),
    st.sampled_from([datetime(2023, 5, 4, tzinfo=UTC), datetime(2023, 5, 4), date(2023, 5, 4)]),  # noqa: DTZ001 - a naive one is to be refused
    st.sampled_from([Decimal("1.5"), Decimal(3), Decimal("0.1") / 3, Decimal("NaN"), UUID(int=1)]),
    st.sampled_from([Color.RED, Kind.CHAT, Point([1]), Point({2}), unset]),
    st.sampled_from([b"x", {1}, object(), 1j, Point, range(2), len]),
    st.sampled_from([StepRun(elapsed_time=1), StepRunProvider(inputs={"a": 1.5})]),
    st.builds(circle),
    st.builds(
        nest,
        st.sampled_from([1, 3, 198, 199, 200, 201, 260]),
        st.sampled_from([1, "x", Decimal("1.5")]) | st.builds(dict) | st.builds(list),
        st.sampled_from(
            [lambda inner: {"a": inner}, lambda inner: [inner], lambda inner: (inner,)]
        ),
    ),
)
keys = st.one_of(
    st.text(max_size=3),
    odd_texts,
    st.sampled_from([1, None, True, 1.5, (1,), Word("name"), Word("x"), Kind.CHAT, Color.RED]),
)
python_values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(keys, inner, max_size=3)
        # Beyond a certain length arrays are looked at in another way.
        | st.builds(
            lambda item, kind: kind([1] * 20 + [item]), inner, st.sampled_from([list, tuple])
        )
        | st.dictionaries(keys, inner, max_size=2).map(of_two_kinds)
    ),
    max_leaves=4,
)


@st.composite
def bodies(draw):
    """Make a plain dict in any spelling, with a Python value at up to two of its places."""
    dates = draw(st.sampled_from([valid_date_times, date_times]))
    value = copy.deepcopy(draw(valid_values("PipelineRunRequest", dates)))
    random = draw(st.randoms(use_true_random=False))
    spell = draw(
        st.sampled_from(
            [
                lambda declared: declared.wire_name,
                lambda declared: declared.wire_name,
                lambda declared: declared.name,
                lambda declared: random.choice([declared.name, declared.wire_name]),
            ]
        )
    )
    value = respell(value, PipelineRunRequest, spell)
    places = list(places_of(value))
    for container, key in draw(st.lists(st.sampled_from(places), max_size=2)):
        other = isinstance(container, dict) and draw(st.booleans())
        container[draw(keys) if other else key] = draw(python_values)
    return value


class Liar(str):
    """A key that says that it is another."""

    __slots__ = ()

    def __eq__(self, other):
        return other == "name"

    def __hash__(self):
        return hash("name")
