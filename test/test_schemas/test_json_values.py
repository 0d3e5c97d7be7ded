"""What any Python value becomes when it is recorded."""

import collections
import dataclasses
import enum
import json
import math
import sys
import typing
import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.json_values import same

from gentrace.exceptions import ApiValueError
from gentrace.models import PipelineRunRequest, StepRun
from gentrace.schemas import find_encoder
from gentrace.schemas.json_values import encode_json_value, to_json_value

ENCODERS = [None, find_encoder("auto")]


class Color(enum.Enum):
    RED = "red"
    NOTHING = None
    BOTH = ("red", {"green"})


class Word(enum.StrEnum):
    YES = "yes"


class Level(enum.IntEnum):
    LOW = 1


class Size(tuple, enum.Enum):  # noqa: SLOT001 - an Enum has no slots
    """Containers that hold something else than their values."""

    SMALL = (1, 2)

    def __new__(cls, value):
        member = tuple.__new__(cls)
        member._value_ = value
        return member


class Answer(float, enum.Enum):
    """A number that is not its value."""

    GONE = 410

    def __new__(cls, value):
        member = float.__new__(cls, 0.5)
        member._value_ = value
        return member


@dataclasses.dataclass
class Point:
    x: int
    inner: object = None


class Lying(dict):
    def items(self):
        raise AssertionError

    __iter__ = keys = values = __len__ = items


class Text(str):
    __slots__ = ()

    def __str__(self):
        raise AssertionError


class Endless:
    def __repr__(self):
        return repr(Endless())


class Silent:
    def __repr__(self):
        raise RuntimeError


class WordlessError(Exception):
    __str__ = Silent.__repr__


class Dumps:
    def __init__(self, form):
        self.form = form

    def model_dump(self, mode):
        assert mode == "json"
        return self.form


class Dumps2(Dumps):
    def model_dump(self, mode):
        return Dumps2(1)


class Array:
    def __init__(self, shape, items=None):
        self.shape = shape
        self.items = items

    shape = ()

    def tolist(self):
        return self.items


class Shaped:
    shape = (2, 3)

    def __repr__(self):
        return "Shaped()"


class Circle:
    def __init__(self, shape):
        self._shape = shape

    @property
    def shape(self):
        return self._shape

    def __repr__(self):
        return "Circle()"


@dataclasses.dataclass
class Unset:
    a: int
    b: int = dataclasses.field(init=False)


class Again(datetime):
    def isoformat(self):
        return self


class Named(typing.NamedTuple):
    a: int
    b: int


FORMS = [
    (None, None),
    (True, True),
    ("täxt", "täxt"),
    (2**70, 2**70),
    (-0.0, -0.0),
    ([0.5] * 20, [0.5] * 20),
    ([0.5] * 20 + [math.nan], [0.5] * 20 + ["NaN"]),
    (math.nan, "NaN"),
    (math.inf, "Infinity"),
    (-math.inf, "-Infinity"),
    ([1, (2, [3])], [1, [2, [3]]]),
    ({"a": (1,)}, {"a": [1]}),
    ({1}, [1]),
    (frozenset({1}), [1]),
    (collections.deque([1, 2]), [1, 2]),
    (range(3), [0, 1, 2]),
    ({"a": 1}.keys(), ["a"]),
    ({"a": 1}.values(), [1]),
    ({"a": 1}.items(), [["a", 1]]),
    (collections.OrderedDict(a=1), {"a": 1}),
    (collections.OrderedDict(a=1).items(), [["a", 1]]),
    (collections.defaultdict(list, a=[1]), {"a": [1]}),
    (Named(1, 2), [1, 2]),
    (Lying(a=1), {"a": 1}),
    (Text("text"), "text"),
    (b"abc", "YWJj"),
    (bytearray(b"abc"), "YWJj"),
    (memoryview(b"abc")[::2], "YWM="),
    (PurePosixPath("/a/b"), "/a/b"),
    (datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), "2024-01-02T03:04:05+00:00"),
    (datetime(2024, 1, 2), "2024-01-02T00:00:00"),  # noqa: DTZ001 - a naive one
    (date(2024, 1, 2), "2024-01-02"),
    (time(3, 4), "datetime.time(3, 4)"),
    (timedelta(0), "PT0S"),
    (timedelta(days=1, hours=2, minutes=3, seconds=4, microseconds=500_000), "P1DT2H3M4.5S"),
    (timedelta(days=2), "P2D"),
    (timedelta(seconds=5), "PT5S"),
    (timedelta(hours=1, seconds=5), "PT1H5S"),
    (timedelta(minutes=-90), "-PT1H30M"),
    (timedelta(microseconds=1), "PT0.000001S"),
    (timedelta.min, "-P999999999D"),
    (Decimal("1.50"), "1.50"),
    (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (Color.RED, "red"),
    (Color.NOTHING, None),
    (Color.BOTH, ["red", ["green"]]),
    ([Word.YES, Level.LOW], ["yes", 1]),
    (Size.SMALL, [1, 2]),
    (Answer.GONE, 410),
    (ValueError("bad"), "ValueError: bad"),
    (KeyError(), "KeyError"),
    (SystemExit(3), "SystemExit: 3"),
    (WordlessError(), "WordlessError"),
    (Silent(), "Silent"),
    (Endless(), "Endless"),
    (Point(1, Point(2)), {"x": 1, "inner": {"x": 2, "inner": None}}),
    (Point, repr(Point)),
    (Unset(1), {"a": 1}),
    (Dumps({"a": {1}}), {"a": [1]}),
    (Dumps2(1), "…"),
    (Again(2024, 1, 1), "…"),
    (Array((2,), [1, 2]), [1, 2]),
    (Array((100, 100), [1]), [1]),
    (Array((101, 100)), "Array of shape (101, 100)"),
    (Array(collections.UserList([101, 100])), "Array of shape (101, 100)"),  # as TensorFlow's are
    (Circle("round"), "Circle()"),
    (Circle((1.5, 2)), "Circle()"),
    (Circle(7), "Circle()"),
    (Shaped(), "Shaped()"),
    (iter([1]), None),
    ("a\ud800b\ud83d\ude00", "a�b😀"),
    ({"\ud800": "\udfff"}, {"�": "�"}),
    (10**4300 - 1, 10**4300 - 1),
    (10**4300, "int of about 4301 digits"),
    (1 - 10**4300, 1 - 10**4300),
    (-(10**4300), "int of about 4301 digits"),
    ({1: 1, 1.5: 2, None: 3}, {"1": 1, "1.5": 2, "null": 3}),
    (
        {True: 4, False: 0, math.nan: 1, (1, "a"): 2},
        {"true": 4, "false": 0, "NaN": 1, "(1, 'a')": 2},
    ),
    ({Color.RED: 1, Word.YES: 2, Level.LOW: 3}, {"Color.RED": 1, "yes": 2, "1": 3}),
    ({Text("key"): 1}, {"key": 1}),
    ({Silent(): 1}, {"Silent": 1}),
]


@pytest.mark.parametrize("dumps", ENCODERS)
@pytest.mark.parametrize(
    ("value", "expected"), FORMS, ids=[f"{n}-{type(v).__name__}" for n, (v, _) in enumerate(FORMS)]
)
def test_value_becomes_its_form(value, expected, dumps):
    """An iterator is described, as reading it would take its items from the program."""
    if type(value) is type(iter([])):
        expected = repr(value)
    assert same(to_json_value(value), expected)
    assert same(json.loads(encode_json_value(value, dumps)), expected)
    assert same(to_json_value({"a": [value]}), {"a": [expected]})
    # With a neighbor that no encoder writes, value by value.
    assert same(to_json_value([value, {1}]), [expected, [1]])


def test_class_that_compares_in_its_own_way_spoils_nothing_else():
    def equals(*_):
        raise ValueError

    for compare in (equals, lambda *_: True):
        odd = type("Meta", (type,), {"__eq__": compare})("Odd", (), {})()
        assert to_json_value({"a": [odd, 1], "b": 2}) == {"a": [repr(odd), 1], "b": 2}


def test_iterator_keeps_its_items():
    items = iter([1, 2])
    generator = (item for item in "ab")
    to_json_value([items, generator, map(str, items)])
    assert [*items, *generator] == [1, 2, "a", "b"]


@pytest.mark.parametrize("dumps", ENCODERS)
def test_what_is_left_of_the_stack_does_not_matter(dumps):
    def deeper(levels):
        if levels:
            return deeper(levels - 1)
        assert to_json_value([[{1}]])
        return encode_json_value([[{1}, {"a": b""}]], dumps)

    done = set()
    for levels in range(sys.getrecursionlimit()):
        try:
            done.add(deeper(levels))
        except RecursionError:
            break
    assert b'[[[1],{"a":""}]]' in done
    assert all(json.loads(text) for text in done)
    # What no stack is left for does not spoil the rest.
    assert any(text.startswith(b"[") and "…".encode() in text for text in done)


def test_integer_that_is_too_long_is_described_whatever_the_interpreter_writes():
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        described = "int of about 4301 digits"
        assert to_json_value([10**4300, -(10**4300), 5]) == [described, described, 5]
    finally:
        sys.set_int_max_str_digits(before)


_SINGLES = [value for value, _ in FORMS if type(value) is not type(iter([]))]
_singles = st.integers(0, len(_SINGLES) - 1).map(lambda n: _SINGLES[n])
_keys = st.text(max_size=3) | st.integers(0, 3) | st.none() | st.booleans() | st.floats()
_values = st.recursive(
    _singles | st.text(max_size=5) | st.integers() | st.floats() | st.binary(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(_keys, inner, max_size=4)
        | st.lists(inner, max_size=3).map(tuple)
        | st.lists(inner, max_size=3).map(collections.deque)
        | inner.map(lambda value: Point(1, value))
    ),
    max_leaves=12,
)


@given(_values)
def test_all_ways_agree_and_the_strict_call_takes_the_result(value):
    converted = to_json_value(value)
    for dumps in ENCODERS:
        assert same(json.loads(encode_json_value(value, dumps)), converted)
    # The same with a neighbor that none of the encoders writes.
    assert same(to_json_value([value, {1}])[0], converted)
    PipelineRunRequest(
        name="a", step_runs=[{"provider": {"inputs": {"input": converted}}}], extra=converted
    )
    assert same(to_json_value(converted), converted)


def test_value_changed_while_it_is_read_does_not_raise():
    """A `repr` that changes what holds it stands for another thread."""

    class Grows:
        def __init__(self, grow):
            self.grow = grow

        def __repr__(self):
            self.grow()
            return "Grows()"

    content, mapping = [], {}
    content.append(Grows(lambda: content.append(1)))
    mapping["a"] = Grows(lambda: mapping.update(b=1))
    assert to_json_value(content) == ["Grows()"]
    assert to_json_value(mapping) == {"a": "Grows()"}


def test_strict_call_refuses_what_is_converted():
    """That is what the conversion is for."""
    with pytest.raises(ApiValueError):
        StepRun(provider={"inputs": {"a": math.nan}})
    StepRun(provider={"inputs": to_json_value({"a": math.nan})})
