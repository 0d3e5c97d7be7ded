"""What a program may hand over by mistake or malice: objects that raise, change, or never end."""

import collections.abc
import sys
import traceback
from collections import UserDict
from datetime import UTC, datetime

import pytest
from support.hostile import (
    MANY,
    PLACES,
    RUN,
    Absurd,
    Closed,
    ClosedMap,
    Comparable,
    Fails,
    Guarded,
    Nameless,
    Numbered,
    OwnError,
    Posing,
    Spelled,
    Unhashed,
    When,
    endless,
    refusal,
)
from support.peers import Peer

from gentrace.exceptions import ApiTypeError, ApiValueError
from gentrace.models import PipelineRunRequest
from gentrace.schemas import MAX_DEPTH, REQUEST_RULES, ObjectSchema, encode, to_json_value

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
    error = refusal(RUN | wrap(HOSTILE[name]()))
    if error is not None:
        assert error.path_to_item == path
        assert error.__cause__ is None or type(error) is ApiValueError


@pytest.mark.parametrize("name", HOSTILE)
def test_no_exception_of_a_body_escapes(name):
    error = refusal(HOSTILE[name]())
    assert error is not None
    assert error.path_to_item == ()


@pytest.mark.parametrize("length", [1, 100])
@pytest.mark.parametrize("others", [1.5, "a"])
def test_item_of_a_class_without_a_hash_is_refused_with_its_place(length, others):
    error = refusal(RUN | {"x": [others] * length + [Unhashed()]})
    assert type(error) is ApiValueError
    assert type(error.__cause__) is TypeError
    assert str(error).startswith("expected a JSON value, got Unhashed <")
    assert error.path_to_item == ("x", length)


WRAPS = [dict, lambda run: {"x": [run]}, lambda run: {"stepRuns": [run]}]


@pytest.mark.parametrize("wrap", WRAPS)
def test_key_of_a_class_without_a_hash_is_refused_unless_it_is_text(wrap):
    assert type(refusal(RUN | wrap({Unhashed(): 1}))) is ApiTypeError
    assert refusal(RUN | wrap({Comparable("Text", (str,), {})("key"): 1})) is None


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


@pytest.mark.parametrize("keep", [lambda inner: {"x": [inner]}, lambda inner: inner])
def test_dict_that_grows_while_it_is_read_is_read_as_it_was(keep):
    content = {}
    content["a"] = Grows(content)
    run = PipelineRunRequest(RUN | keep(content))
    assert run.get("x", (run,))[0]["a"] == 1
    assert len(content) == 2


@pytest.mark.parametrize("name", ["x", "stepRuns"])
def test_list_that_grows_while_it_is_read_comes_to_an_end(name):
    content = []
    content.append(Grows(content, MANY))
    error = refusal(RUN | {name: content})
    assert error is None or type(error.__cause__) is not OwnError


class Late(str):
    """A key that can be found no more once it is in its dict."""

    __slots__ = ()
    armed = False

    def __hash__(self):
        if Late.armed:
            raise OwnError
        return str.__hash__(self)

    __eq__ = str.__eq__


@pytest.mark.parametrize("wrap", WRAPS)
def test_key_that_raises_when_looked_for_is_a_text_or_refused(wrap, monkeypatch):
    body = RUN | wrap({Late("key"): 1})
    monkeypatch.setattr(Late, "armed", True)
    error = refusal(body)
    assert error is None or type(error.__cause__) is OwnError


# Objects without end.


class Boundless(collections.abc.Mapping):
    """Says that it is huge, and gives the same item for ever."""

    def __len__(self):
        return 10**18

    def __iter__(self):
        return endless("a")

    def __getitem__(self, key):
        return 1

    def items(self):
        return endless(("a", 1))


# A stack that is nearly used up.


def _with_frames(number, function):
    return _with_frames(number - 1, function) if number else function()


@pytest.mark.parametrize("wrap", [lambda value: [value], lambda value: UserDict(a=value)])
def test_deep_content_is_sent_however_little_stack_is_left(wrap):
    """So is a model that was made where there was more."""
    content = 1
    for _ in range(MAX_DEPTH):
        content = wrap(content)
    body = RUN | {"x": content}
    model = PipelineRunRequest(body)
    schema = ObjectSchema(PipelineRunRequest)
    used = len(traceback.extract_stack())
    for left in range(60, 700, 20):
        for way in (
            lambda: schema.serialize(body, REQUEST_RULES),
            lambda: encode(schema.check(body, REQUEST_RULES)),
            lambda: encode(model),
        ):
            try:
                assert b'"x"' in _with_frames(sys.getrecursionlimit() - used - left, way)
            except ApiValueError as error:
                # The stack ended in the code of the object, as it was asked for its items.
                assert "got UserDict" in error.message  # noqa: PT017 - it may be sent, too
                assert "which raised RecursionError" in error.message  # noqa: PT017 - likewise


def test_hostile_object_puts_nothing_on_the_wire(connect):
    with Peer() as peer:
        caller = connect(peer)
        for value in (Fails(), Closed(), Boundless(), type("array", (), {})()):
            with pytest.raises((ApiTypeError, ApiValueError)):
                caller.post(RUN | {"x": value})
        assert peer.requests == []
        assert caller.works()


# The handler of a signal, wherever it comes.


class Waits:
    def __init__(self, error):
        self.error = error

    def model_dump(self):
        raise self.error


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), SystemExit(), TimeoutError(), TimeoutError("time")]
)
@pytest.mark.parametrize("place", PLACES)
def test_what_a_handler_of_a_signal_raises_passes_through(error, place):
    """A `TimeoutError` with a number is one of the operating system's."""
    wrap, path = PLACES[place]
    body = RUN | wrap(Waits(error))
    with pytest.raises(type(error)) as caught:
        PipelineRunRequest(body)
    assert caught.value is error
    number = TimeoutError(110, "of a connection")
    with pytest.raises(ApiValueError) as refused:
        PipelineRunRequest(RUN | wrap(Waits(number)))
    assert refused.value.__cause__ is number
    assert refused.value.path_to_item == path


# Containers that say something else of themselves.


class Renamed(dict):
    def __iter__(self):
        return iter(["other"])

    def items(self):
        return [("other", 2)]


class Other(list):
    def __iter__(self):
        return iter([2])


class OtherTuple(tuple):  # noqa: SLOT001 - of a test
    def __iter__(self):
        return iter([2])


@pytest.mark.parametrize(
    ("value", "form"), [(Renamed(a=1), {"a": 1}), (Other([1]), [1]), (OtherTuple([1]), [1])]
)
def test_what_a_subclass_of_a_container_overrides_is_ignored(value, form):
    assert to_json_value(value) == form
    assert to_json_value({"in": [value]}) == {"in": [form]}
