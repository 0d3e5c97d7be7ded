"""User code that a conversion runs: it calls steps and runs, or raises what is no `Exception`."""

import asyncio
import sys
from datetime import datetime, tzinfo
from types import SimpleNamespace

import pytest
from support.recording import InMemory, reason_of

from gentrace.recorder import Pipeline, current_run, current_step, step
from gentrace.schemas import to_json_value

NOWHERE = InMemory()
INNER = Pipeline("inner", delivery=NOWHERE)


@step
def plain(one):
    return f"<{type(one).__name__}>"


@step
def generate(one):
    yield plain(one)


@step
async def later(one):
    return plain(one)


@INNER.traced
def traced(one):
    with step("block") as block, current_run().step("step of the run"):
        assert current_step() is not block
        block.outputs = one
    assert block.elapsed_time is not None
    with INNER.start() as run, run.step("a"):
        pass
    assert reason_of(run.receipt) == "discarded"
    return plain(one)


def call_all(one):
    """Call functions of each kind that are recorded; gives the text of the value."""
    coroutine = later(one)
    with pytest.raises(StopIteration):
        coroutine.send(None)
    assert list(generate(one)) == [plain(one)]
    return traced(one)


class Shown:
    __repr__ = call_all


class Model:
    model_dump = call_all


class Key:
    __str__ = call_all
    __hash__ = object.__hash__


class Zone(tzinfo):
    def utcoffset(self, _):
        call_all(self)


class OwnError(Exception):
    __str__ = call_all


class Array:
    tolist = call_all
    shape = (1,)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Shown(), "<Shown>"),
        ([Shown(), {1}], ["<Shown>", [1]]),
        (Model(), "<Model>"),
        ({Key(): 1}, {"<Key>": 1}),
        ({"at": datetime(2024, 1, 1, tzinfo=Zone())}, {"at": "2024-01-01T00:00:00"}),
        (OwnError(), "OwnError: <OwnError>"),
        (Array(), "<Array>"),
    ],
)
def test_code_of_a_value_records_nothing_while_it_is_converted(value, expected, pipeline, delivery):
    """It is the recorder that runs it, so its steps are none of the program."""
    with pipeline.start() as run:
        plain(value)
        list(generate(value))
        asyncio.run(later(value))
        with step("block", inputs=value, model_params=value) as block:
            block.outputs = block.error = value
        assert to_json_value(value) == expected
        assert current_run() is run
        assert current_step() is None
    names = [provider.get("invocation", "block") for provider in delivery.providers]
    assert names == ["plain", "generate", "plain", "later", "plain", "block"]
    content = expected if isinstance(expected, dict) else {"output": expected}
    assert delivery.providers[-1]["outputs"] == content
    assert NOWHERE.bodies == []


def test_code_of_a_value_is_recorded_again_where_the_program_runs_it(pipeline, delivery):
    """Such as after its conversion was interrupted."""

    class Interrupting:
        def __repr__(self):
            if current_step() is None:
                raise KeyboardInterrupt
            return plain(1)

    with pipeline.start():
        with pytest.raises(KeyboardInterrupt):
            to_json_value({"a": Interrupting()})
        with step("block"):
            assert repr(Interrupting()) == "<int>"
    assert [provider["name"] for provider in delivery.providers] == ["block", __name__]


class Odd(BaseException):
    """What is no `Exception`."""


def raising(error):
    """Make an object, a key and an exception whose code raises."""

    class Value(Exception):  # noqa: N818 - it is all three
        def __str__(self):
            raise error

        __hash__ = Exception.__hash__

    class Shown:
        def __repr__(self):
            raise error

    return Value(), [Shown(), {Value(): 1}]


@pytest.mark.parametrize("kind", [Odd, asyncio.CancelledError, GeneratorExit])
def test_nothing_that_user_code_raises_reaches_the_program(pipeline, delivery, kind):
    error, value = raising(kind())

    @step("call")
    def call(one):
        return one

    assert to_json_value([error, value]) == ["Value", ["Shown", {"Value": 1}]]
    with pytest.raises(type(error)) as caught, pipeline.start() as run:  # noqa: PT012
        assert call(value) is value
        with run.step("block", inputs=value) as block:
            block.error = error
            raise error
    assert caught.value is error
    assert delivery.runs[0]["error"] == "Value"
    assert [one.get("error") for one in delivery.steps] == [None, "Value"]
    assert delivery.providers[0]["outputs"] == {"output": ["Shown", {"Value": 1}]}


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, Odd])
def test_what_comes_from_outside_passes_through_user_code(pipeline, monkeypatch, kind):
    """As of a signal handler, or a time-out of gevent; then the next step is recorded."""
    monkeypatch.setitem(sys.modules, "gevent", SimpleNamespace(Timeout=Odd))
    _, value = raising(kind())
    with pytest.raises(kind):
        to_json_value(value)
    with pytest.raises(kind), pipeline.start(), step("a") as one:
        one.outputs = value


class Posing(Exception):  # noqa: N818 - it says that it is another
    @property
    def __class__(self):
        raise Odd


def test_exception_is_asked_for_its_class_in_vain(pipeline, delivery):
    with pytest.raises(Posing), pipeline.start(), step("a"):
        raise Posing("no")
    assert [one["error"] for one in (delivery.runs[0], *delivery.steps)] == ["Posing: no"] * 2
