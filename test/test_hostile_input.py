"""What a program may hand over by mistake or malice: huge bodies, and objects that lie or raise."""

import collections.abc
import json
import os
import pickle
import re
import subprocess
import sys
import traceback
from collections import UserDict
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from support import memory_of_bodies
from support.json_values import same
from support.peers import Peer

from gentrace.exceptions import ApiTypeError, ApiValueError
from gentrace.models import PipelineRunRequest
from gentrace.schemas import MAX_DEPTH, REQUEST_RULES, ObjectSchema, encode, find_encoder

MEMORY_SCRIPT = Path(memory_of_bodies.__file__)
MANY = 100_000
"""How often something without end is asked at most before it says so."""


# Huge bodies.


@pytest.mark.parametrize("shape", memory_of_bodies.SHAPES)
def test_list_of_10_million_items_passes_in_memory_bounded_by_its_text(shape):
    """Of an ordinary dict; the walk needs 8 bytes a container, an emoji makes each character 4."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}
    with Peer() as peer:
        done = subprocess.run(  # noqa: S603 - our own script
            [sys.executable, MEMORY_SCRIPT, peer.url, shape],
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        body = peer.requests[-1].body
    assert body.count(b",") >= memory_of_bodies.ITEMS
    if shape in memory_of_bodies.BOUNDED:
        assert int(done.stdout) <= 2.5 * len(body), f"{int(done.stdout) / len(body):.2f}"


# Objects that raise.


class OwnError(Exception):
    """What the objects below raise."""


def _raise(*_):
    raise OwnError


class Guarded(tzinfo):
    def utcoffset(self, _):
        raise OwnError


class Absurd(tzinfo):
    def utcoffset(self, _):
        return 5


class Posing:
    __class__ = property(_raise)


class Closed:
    __getattribute__ = _raise


class ClosedMap(dict):
    __getattribute__ = _raise


class ClosedMeta(type):
    __name__ = property(_raise)


class Nameless(metaclass=ClosedMeta):
    pass


class Numbered(metaclass=type("Meta", (type,), {"__name__": 5})):
    pass


class NamelessError(Exception, metaclass=ClosedMeta):
    pass


class Comparable(type):  # noqa: PLW1641 - on purpose
    """As classes are that say when they are equal: that alone takes their hash away."""

    def __eq__(cls, other):
        return cls is other


class Unhashed(metaclass=Comparable):
    pass


class Fails:
    def model_dump(self):
        raise NamelessError


class When(datetime):
    utcoffset = _raise


class Spelled(datetime):
    isoformat = _raise


# Where a value can stand, and the path to it.
PLACES = {
    "content": (
        lambda value: {"stepRuns": [{"provider": {"inputs": {"a": [value]}}}]},
        ("stepRuns", 0, "provider", "inputs", "a", 0),
    ),
    "undeclared": (lambda value: {"x": value}, ("x",)),
    "string": (lambda value: {"name": value}, ("name",)),
    "date": (lambda value: {"stepRuns": [{"startTime": value}]}, ("stepRuns", 0, "startTime")),
    "integer": (
        lambda value: {"stepRuns": [{"elapsedTime": value}]},
        ("stepRuns", 0, "elapsedTime"),
    ),
    "object": (lambda value: {"stepRuns": [{"provider": value}]}, ("stepRuns", 0, "provider")),
    "item": (lambda value: {"stepRuns": [value]}, ("stepRuns", 0)),
    "array": (lambda value: {"stepRuns": value}, ("stepRuns",)),
}
RUN = {"name": "answer-question", "stepRuns": []}


def _refusal(body):
    """The error of a body on all ways to the wire, if it is refused; else the text has to be JSON.

    What is neither comes out as it was raised.
    """
    schema = ObjectSchema(PipelineRunRequest)
    errors = []
    for way in (
        lambda: schema.serialize(body, REQUEST_RULES),
        lambda: schema.serialize(body, REQUEST_RULES, find_encoder("auto")),
        lambda: encode(schema.check(body, REQUEST_RULES)),
    ):
        try:
            json.loads(way())
            errors.append(None)
        except (ApiTypeError, ApiValueError) as error:
            errors.append(error)
    assert len(set(map(type, errors))) == 1
    if errors[0] is not None:
        text = str(errors[0])
        assert len(text) < 500
        assert str(pickle.loads(pickle.dumps(errors[0]))) == text  # noqa: S301 - ours
    return errors[0]


HOSTILE = {
    "raises for its class": Posing,
    "raises for each attribute": Closed,
    "a dict that raises for each attribute": ClosedMap,
    "raises for its class's name": Nameless,
    "class without a hash": Unhashed,
    "text of a class without a hash": lambda: Comparable("Text", (str,), {})("name"),
    "dict of a class without a hash": lambda: Comparable("Items", (dict,), {})(name="name"),
    "class with a number as name": Numbered,
    "raises an error without a name": Fails,
    "raises for its offset": lambda: When(2024, 1, 1, tzinfo=UTC),
    "raises for its text": lambda: Spelled(2024, 1, 1, tzinfo=UTC),
    "time zone that raises": lambda: datetime(2024, 1, 1, tzinfo=Guarded()),
    "time zone that is none": lambda: datetime(2024, 1, 1, tzinfo=Absurd()),
} | {
    f"class named {name}": type(name, (), {})
    for name in ("array", "deque", "dict", "frozenset", "int", "list", "set", "str", "tuple")
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", HOSTILE)
def test_no_exception_of_an_object_escapes_without_its_place(name, place):
    wrap, path = PLACES[place]
    error = _refusal(RUN | wrap(HOSTILE[name]()))
    if error is not None:
        assert error.path_to_item == path
        assert error.__cause__ is None or type(error) is ApiValueError


@pytest.mark.parametrize("name", HOSTILE)
def test_no_exception_of_a_body_escapes(name):
    error = _refusal(HOSTILE[name]())
    assert error is not None
    assert error.path_to_item == ()


@pytest.mark.parametrize("length", [1, 100])
@pytest.mark.parametrize("others", [1.5, "a"])
def test_item_of_a_class_without_a_hash_is_refused_with_its_place(length, others):
    error = _refusal(RUN | {"x": [others] * length + [Unhashed()]})
    assert type(error) is ApiValueError
    assert type(error.__cause__) is TypeError
    assert str(error).startswith("expected a JSON value, got Unhashed <")
    assert error.path_to_item == ("x", length)


@pytest.mark.parametrize("wrap", [dict, lambda run: {"x": [run]}, lambda run: {"stepRuns": [run]}])
def test_key_of_a_class_without_a_hash_is_refused(wrap):
    for kind in (Unhashed, lambda: Comparable("Text", (str,), {})("key")):
        assert _refusal(RUN | wrap({kind(): 1})) is not None


# Objects that change what is being read.


class Grows:
    """Whose form adds another of its kind to what holds it."""

    def __init__(self, holder, times=1):
        self.holder = holder
        self.times = times

    def model_dump(self):
        if not self.times:
            raise OwnError
        other = Grows(self.holder, self.times - 1)
        if isinstance(self.holder, dict):
            self.holder[f"more {self.times}"] = other
        else:
            self.holder.append(other)
        return 1


def test_dict_that_grows_while_it_is_read_is_refused_with_its_place():
    content = {}
    content["a"] = Grows(content)
    error = _refusal(RUN | {"x": [content]})
    assert type(error) is ApiValueError
    assert error.path_to_item[:2] == ("x", 0)
    assert type(error.__cause__) is RuntimeError
    run = dict(RUN)
    run["a"] = Grows(run)
    assert type(_refusal(run).__cause__) is RuntimeError


def test_list_that_grows_while_it_is_read_comes_to_an_end():
    content = []
    content.append(Grows(content, MANY))
    error = _refusal(RUN | {"x": content})
    assert error is None or type(error.__cause__) is not OwnError


class Sower(str):
    """A key that is looked for as if it were a declared one, and then adds to a list."""

    __slots__ = ()
    field = ()

    def __hash__(self):
        return hash("elapsedTime")

    def __eq__(self, other):
        if self is not other:
            assert len(Sower.field) < MANY
            Sower.field.append({Sower("more"): 1})
        return self is other


def test_steps_that_grow_while_they_are_read_come_to_an_end(monkeypatch):
    monkeypatch.setattr(Sower, "field", [{}, {Sower("key"): 1}])
    assert _refusal(RUN | {"stepRuns": Sower.field}) is None
    assert 2 < len(Sower.field) < MANY


class Late(str):
    """A key that can be found no more once it is in its dict."""

    __slots__ = ()
    armed = False

    def __hash__(self):
        if Late.armed:
            raise OwnError
        return str.__hash__(self)

    __eq__ = str.__eq__


@pytest.mark.parametrize("wrap", [dict, lambda run: {"x": [run]}, lambda run: {"stepRuns": [run]}])
def test_key_that_raises_when_looked_for_is_a_text_or_refused(wrap, monkeypatch):
    body = RUN | wrap({Late("key"): 1})
    monkeypatch.setattr(Late, "armed", True)
    error = _refusal(body)
    assert error is None or type(error.__cause__) is OwnError


# Objects without end.


def _endless(item):
    for _ in range(MANY):
        yield item
    raise OwnError


class Boundless(collections.abc.Mapping):
    """Says that it is huge, and gives the same item for ever."""

    def __len__(self):
        return 10**18

    def __iter__(self):
        return _endless("a")

    def __getitem__(self, key):
        return 1

    def items(self):
        return _endless(("a", 1))


def test_mapping_without_end_comes_to_an_end():
    error = _refusal(RUN | {"x": [Boundless()]})
    assert type(error) is ApiValueError
    assert error.path_to_item == ("x", 0)
    assert type(error.__cause__) is not OwnError


class Vast(collections.abc.Mapping):
    """Says that it is huge, and gives another item each time."""

    def __len__(self):
        return 2**40

    def __iter__(self):
        return (str(number) for number in range(2**40))

    def __getitem__(self, key):
        return 1


def test_mapping_that_says_that_it_is_huge_is_not_read():
    error = _refusal(RUN | {"x": [Vast()]})
    assert str(error) == (
        "expected a mapping of at most 10000000 items, got Vast that says 1099511627776: "
        "make it a dict at $.x[0]"
    )


# A stack that is nearly used up.


def _with_frames(number, function):
    return _with_frames(number - 1, function) if number else function()


@pytest.mark.parametrize("wrap", [lambda value: [value], lambda value: UserDict(a=value)])
def test_deep_content_is_sent_or_refused_however_little_stack_is_left(wrap):
    """So is a model that was made where there was more."""
    content = 1
    for _ in range(MAX_DEPTH):
        content = wrap(content)
    body = RUN | {"x": content}
    model = PipelineRunRequest(body)
    schema = ObjectSchema(PipelineRunRequest)
    used = len(traceback.extract_stack())
    refusals = []
    for left in range(60, 700, 20):
        for way in (
            lambda: schema.serialize(body, REQUEST_RULES),
            lambda: encode(schema.check(body, REQUEST_RULES)),
            lambda: encode(model),
        ):
            try:
                assert b'"x"' in _with_frames(sys.getrecursionlimit() - used - left, way)
            except ApiValueError as error:
                refusals.append(error)
    assert {(error.path_to_item or "x")[0] for error in refusals} == {"x"}
    assert refusals
    words = "nested deeper than what is left of|cannot be written as JSON: maximum recursion depth"
    assert all(re.match(words, error.message) for error in refusals)


# Subclasses of what JSON has: they are what they hold, whatever their methods say.

_METHODS = """
    __len__ __iter__ __getitem__ __contains__ __str__ __repr__ __bool__ __int__ __index__ __float__
    __format__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __add__ __sub__ __neg__ __reversed__
    items keys values get copy encode isascii is_integer bit_length
""".split()  # noqa: SIM905 - thirty words


def _mute(base):
    """Make a subclass all of whose methods raise."""
    methods = {name: _raise for name in _METHODS if hasattr(base, name)}
    return type(f"Mute{base.__name__}", (base,), methods | {"__hash__": lambda _: 7})


@pytest.mark.parametrize("value", ["text", 5, 1.5, {"a": 1}, [1, 2], (1, 2)])
def test_value_of_a_subclass_is_what_it_holds(value):
    mute = _mute(type(value))(value)
    run = PipelineRunRequest(name="a", step_runs=[], x=[mute])
    assert same(run["x"][0], tuple(value) if type(value) is list else value)
    assert _refusal(RUN | {"x": mute}) is None


def test_declared_values_of_subclasses_are_what_they_hold():
    text, number, items, steps = map(_mute, (str, int, dict, list))
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


def test_hostile_object_puts_nothing_on_the_wire(connect):
    with Peer() as peer:
        caller = connect(peer)
        for value in (Fails(), Closed(), Boundless(), type("array", (), {})()):
            with pytest.raises((ApiTypeError, ApiValueError)):
                caller.post(RUN | {"x": value})
        assert peer.requests == []
        assert caller.works()


# Any class with methods that raise, lie or never end.

_NAMES = [*_METHODS, "__hash__", "__class__", "__getattr__", "__getattribute__", "__length_hint__"]
_NAMES += ["model_dump", "tolist", "isoformat", "value", "utcoffset", "as_tuple", "is_finite"]
_NAMES += ["__dataclass_fields__", "__dict__", "__next__", "adjusted"]
_ANSWERS = {
    "raises": _raise,
    "gives None": lambda *_: None,
    "gives -1": lambda *_: -1,
    "gives 2**70": lambda *_: 2**70,
    "gives NotImplemented": lambda *_: NotImplemented,
    "gives a text": lambda *_: "name",
    "gives bytes": lambda *_: b"\xff",
    "never ends": lambda *_: _endless(("a", 1)),
    "gives NaN": lambda *_: {"a": float("nan")},
    "gives itself": lambda self, *_: self,
    "raises when read": property(_raise),
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


@settings(max_examples=400)
@given(
    st.sampled_from(list(_BASES)),
    st.dictionaries(st.sampled_from(_NAMES), st.sampled_from(list(_ANSWERS)), max_size=4),
    st.sampled_from(list(PLACES)),
)
def test_an_object_of_any_class_is_accepted_as_json_or_refused(base, methods, place):
    wrap, path = PLACES[place]
    error = _refusal(RUN | wrap(_make(base, methods)))
    assert error is None or error.path_to_item[: len(path)] == path


def _make(base, methods):
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
