"""What free-form content may hold, what it becomes, and what is refused where."""

import array
import enum
import json
from collections import ChainMap, Counter, UserDict, defaultdict, deque, namedtuple
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from types import MappingProxyType
from uuid import UUID

import pytest
from frozendict import frozendict
from support.json_values import same

from gentrace.exceptions import ApiTypeError, ApiValueError
from gentrace.models import StepRun, StepRunProvider
from gentrace.schemas import MAX_DIGITS

POINT = namedtuple("Point", "x y")  # noqa: PYI024 - it has no annotations on purpose
WHEN = datetime(2023, 5, 4, 9, 30, tzinfo=UTC)


class Text(str):
    __slots__ = ()

    def __str__(self):
        return "not this"

    def __repr__(self):
        return "nor this"


class Whole(int):
    def __int__(self):
        return 13

    __index__ = __int__


class Real(float):
    def __float__(self):
        return 13.5


class Items(dict):
    """Whose own methods say other things than what it holds."""

    def items(self):
        yield from iter(lambda: ("endless", 1), None)

    keys = values = __iter__ = items

    def __len__(self):
        return 10**9


class Things(list):
    def __iter__(self):
        return iter(lambda: 1, None)

    def __len__(self):
        return 0


class Color(enum.Enum):
    RED = "red"
    DEEP = {"a": ("b",)}  # noqa: RUF012 - an enum's value
    FOREIGN = object()


class Rank(enum.IntEnum):
    FIRST = 1


class Kind(enum.StrEnum):
    CHAT = "chat"


@dataclass
class Inner:
    step_runs: list


@dataclass
class Outer:
    inner: Inner
    when: datetime = WHEN
    hidden: int = field(default=1, repr=False)


@dataclass(frozen=True, slots=True)
class Slim:
    a: int


class Dumped:
    """As pydantic's models are."""

    def model_dump(self):
        return {"when": WHEN, "inner": {"a_b": (1,)}}


class Listed:
    """As numpy's arrays and numbers are."""

    def __init__(self, value):
        self.value = value

    def tolist(self):
        return self.value


class Moment:
    def isoformat(self):
        return "just now"


def _content(value):
    return StepRunProvider(inputs={"v": value}).inputs["v"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (0, 0),
        (-0.0, -0.0),
        (5e-324, 5e-324),
        (1.0, 1.0),
        (2**70, 2**70),
        ("", ""),
        ("é\U0001f600\0", "é\U0001f600\0"),
        ([], ()),
        ({}, {}),
        ((1, [2, {"a": (3,)}]), (1, (2, {"a": (3,)}))),
        ([0.5] * 40, (0.5,) * 40),
        ([0.5] * 40 + [Real(0.5)], (0.5,) * 41),
        (frozendict(a=[1]), {"a": (1,)}),
        (Text("text"), "text"),
        (Whole(7), 7),
        (Real(7.5), 7.5),
        (Items(a=1), {"a": 1}),
        (Things([2, 3]), (2, 3)),
        (POINT(1, [2]), (1, (2,))),
        (defaultdict(int, a=1), {"a": 1}),
        (Counter("aab"), {"a": 2, "b": 1}),
        ({Text("key"): 1, Kind.CHAT: 2}, {"key": 1, "chat": 2}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (ChainMap({"a": 1}, {"a": 2, "b": 3}), {"a": 1, "b": 3}),
        (UserDict(a={"b": 1}), {"a": {"b": 1}}),
        (WHEN, "2023-05-04T09:30:00+00:00"),
        (WHEN.replace(tzinfo=None), "2023-05-04T09:30:00"),
        (date(2023, 5, 4), "2023-05-04"),
        (time(9, 30), "09:30:00"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Color.RED, "red"),
        (Color.DEEP, {"a": ("b",)}),
        (Rank.FIRST, 1),
        (Kind.CHAT, "chat"),
        (
            Outer(Inner([Slim(1)])),
            {
                "inner": {"step_runs": ({"a": 1},)},
                "when": "2023-05-04T09:30:00+00:00",
                "hidden": 1,
            },
        ),
        (Dumped(), {"when": "2023-05-04T09:30:00+00:00", "inner": {"a_b": (1,)}}),
        (Listed([[1.5, Listed(2)]]), ((1.5, 2),)),
        (Listed(3), 3),
        (array.array("d", [0.5]), (0.5,)),
        (Moment(), "just now"),
        (StepRun(elapsed_time=1), {"elapsedTime": 1}),
    ],
)
def test_content_becomes_json_values(value, expected):
    read = _content(value)
    assert same(read, expected)
    assert type(read) in {type(None), bool, int, float, str, tuple, frozendict}
    assert same(json.loads(json.dumps(read)), expected)
    assert same(StepRun(unknown=value)["unknown"], expected)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("-0", 0),
        ("1E+2", 100),
        ("1.5", 1.5),
        ("0.1", 0.1),
        ("0.10", 0.1),
        ("1.00", 1.0),
        ("12345678901234567890.0", 12345678901234567890),
        ("1E+400", 10**400),
        ("0E+5000", 0),
        ("9" * 4300, 10**4300 - 1),
        ("1e-5", 1e-05),
    ],
    ids=lambda value: str(value)[:20] if isinstance(value, str) else "",
)
def test_a_decimal_that_is_exact_as_a_number_becomes_it(text, number):
    read = _content(Decimal(text))
    assert (type(read), read) == (type(number), number)
    assert Decimal(json.dumps(read)) == Decimal(text)


@pytest.mark.parametrize(
    "text",
    [
        "0.12345678901234567890",
        "12345678901234567890.5",
        "1E-400",
        "1E+4300",
        "1E+999999",
        "NaN",
        "sNaN",
        "Infinity",
        "-Infinity",
    ],
)
def test_a_decimal_that_is_no_exact_number_is_refused_with_the_remedy(text):
    with pytest.raises(ApiValueError, match=r"exact as a JSON number.*pass str\(value\).*\$\.i"):
        _content(Decimal(text))


class _Odd:
    pass


def _circle(kind):
    if kind == "list":
        value = []
        value.append(value)
    elif kind == "tuple":
        inner = []
        value = (inner,)
        inner.append(value)
    elif kind == "dataclass":
        value = Inner([])
        value.step_runs.append(value)
    elif kind == "UserDict":
        value = UserDict()
        value["a"] = value
    elif kind == "slim":
        value = Inner(None)
        value.step_runs = value
    elif kind == "with more":
        value = {"a": []}
        value["b"] = value
        value["c"] = []
    elif kind == "wide":
        value = {}
        value["a"] = {"b": [1, {"c": value}]}
    else:
        value = {}
        value["a"] = value
    return value


def _surrogate(where):
    return {"key": {"\udc00": 1}, "end": "a" * 100 + "\ud800", "start": "\udfff"}[where]


@pytest.mark.parametrize(
    ("value", "error", "text", "path"),
    [
        (float("nan"), ApiValueError, "a number that JSON has, got nan", ()),
        (float("-inf"), ApiValueError, "a number that JSON has, got -inf", ()),
        ([0.5] * 40 + [float("nan")], ApiValueError, "a number that JSON has, got nan", (40,)),
        ([1] * 40 + [10**4300], ApiValueError, "an integer of at most 4300 digits", (40,)),
        ([None] * 40 + [float("nan")], ApiValueError, "a number that JSON has, got nan", (40,)),
        ([1, Real("inf")], ApiValueError, "a number that JSON has, got inf", (1,)),
        (Listed(float("nan")), ApiValueError, "a number that JSON has, got nan", ()),
        ({1: 2}, ApiTypeError, "a string as key, got int 1", ()),
        ({None: 2}, ApiTypeError, "a string as key, got None", ()),
        ({True: 2}, ApiTypeError, "a string as key, got bool True", ()),
        ({1.5: 2}, ApiTypeError, "a string as key, got float 1.5", ()),
        ({(1,): 2}, ApiTypeError, "a string as key, got tuple (1,)", ()),
        ({b"k": 2}, ApiTypeError, "a string as key, got bytes b'k'", ()),
        ({Color.RED: 2}, ApiTypeError, "a string as key, got Color", ()),
        ({UUID(int=1): 2}, ApiTypeError, "a string as key, got UUID", ()),
        ([{"a": {1: 2}}], ApiTypeError, "a string as key, got int 1", (0, "a")),
        (UserDict({1: 2}), ApiTypeError, "a string as key, got int 1", ()),
        (_surrogate("key"), ApiValueError, "lone surrogate '\\udc00' at character 0", ()),
        ([_surrogate("end")], ApiValueError, "lone surrogate '\\ud800' at character 100", (0,)),
        (Text(_surrogate("start")), ApiValueError, "lone surrogate '\\udfff'", ()),
        (b"x", ApiTypeError, "got bytes b'x': decode it, or encode it as base64", ()),
        ({1, 2}, ApiTypeError, "got set {1, 2}: make it a list", ()),
        (frozenset(), ApiTypeError, "got frozenset frozenset(): make it a list", ()),
        ([_Odd()], ApiTypeError, "expected a JSON value, got _Odd <", (0,)),
        (PurePosixPath("a"), ApiTypeError, "('a'): make it text, a number, a list or a dict", ()),
        (_Odd, ApiTypeError, "expected a JSON value, got type", ()),
        (Outer, ApiTypeError, "expected a JSON value, got type", ()),
        (datetime, ApiTypeError, "expected a JSON value, got type", ()),
        (len, ApiTypeError, "expected a JSON value, got builtin_function_or_method", ()),
        (1j, ApiTypeError, "expected a JSON value, got complex 1j", ()),
        (Fraction(1, 2), ApiTypeError, "expected a JSON value, got Fraction", ()),
        (range(3), ApiTypeError, "expected a JSON value, got range", ()),
        ((x for x in "ab"), ApiTypeError, "expected a JSON value, got generator", ()),
        (deque([1]), ApiTypeError, "expected a JSON value, got deque", ()),
        (Color.FOREIGN, ApiTypeError, "expected a JSON value, got Color", ()),
        (Outer(Inner([{1}])), ApiTypeError, "set {1}: make it", ("inner", "step_runs", 0)),
        (10**MAX_DIGITS, ApiValueError, "at most 4300 digits, got int of about 4301", ()),
        (-(10**MAX_DIGITS), ApiValueError, "at most 4300 digits, got int of about 4301", ()),
        (Whole(10**MAX_DIGITS), ApiValueError, "at most 4300 digits", ()),
        (_circle("list"), ApiValueError, "a list that contains itself is not JSON", (0,)),
        ([1, _circle("dict")], ApiValueError, "a dict that contains itself is not JSON", (1, "a")),
        ({"a": _circle("tuple")}, ApiValueError, "a tuple that contains itself", ("a", 0, 0)),
        (_circle("wide"), ApiValueError, "that contains itself", ("a", "b", 1, "c")),
        (_circle("dataclass"), ApiValueError, "a Inner that contains itself", ("step_runs", 0)),
        (_circle("slim"), ApiValueError, "a Inner that contains itself", ("step_runs",)),
        (_circle("UserDict"), ApiValueError, "a UserDict that contains itself", ("a",)),
        (_circle("with more"), ApiValueError, "a dict that contains itself", ("b",)),
    ],
    # The text of a huge integer would be refused.
    ids=lambda value: type(value).__name__,
)
def test_what_json_has_not_is_refused_with_its_place(value, error, text, path):
    for make, place in (
        (lambda: StepRunProvider(outputs={"v": value}), ("outputs", "v")),
        (lambda: StepRun(unknown=[value]), ("unknown", 0)),
    ):
        with pytest.raises(error) as caught:
            make()
        assert type(caught.value) is error
        assert text in caught.value.message
        assert caught.value.path_to_item == (*place, *path)
