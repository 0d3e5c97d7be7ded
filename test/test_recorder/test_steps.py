"""A step: what of it is captured and when, its times, its errors, and its size."""

import asyncio
import dataclasses
import enum
from datetime import UTC, datetime, timedelta
from enum import Enum

import pytest

from gentrace.recorder import Step, clock, current_step, step
from gentrace.schemas import as_datetime


class Color(Enum):
    RED = "red"


def test_step_holds_what_was_set_until_it_ended(pipeline, delivery):
    with pipeline.start() as run:
        with run.step("openai", invocation="chat", model_params={"t": 0}, inputs=[1]) as one:
            assert isinstance(one, Step)
            assert (one.provider, one.invocation) == ("openai", "chat")
            assert (one.model_params, one.inputs) == ({"t": 0}, [1])
            assert (one.outputs, one.error, one.elapsed_time) == (None, None, None)
            assert repr(one) == "<Step 'openai' 'chat'>"
            one.outputs = {"a": 1}
        assert one.elapsed_time >= 0
        one.outputs = one.error = one.provider = one.inputs = "late"
        with run.step() as other:
            other.provider, other.invocation = "own", "call"
            other.model_params = {"b": 1}
            other.inputs = "text"
            other.outputs = ["x"]
            other.error = "mine"
        with run.step():
            pass
    assert delivery.providers == [
        {
            "name": "openai",
            "invocation": "chat",
            "modelParams": {"t": 0},
            "inputs": {"input": [1]},
            "outputs": {"a": 1},
        },
        {
            "name": "own",
            "invocation": "call",
            "modelParams": {"b": 1},
            "inputs": {"input": "text"},
            "outputs": {"output": ["x"]},
        },
        {},
    ]
    assert delivery.steps[1]["error"] == "mine"
    assert set(delivery.steps[2]) == {"elapsedTime", "startTime", "endTime"}


def test_arguments_are_captured_on_entry_and_attributes_at_the_end(pipeline, delivery):
    content = {"a": [1]}
    with pipeline.start() as run:
        with run.step(model_params=content, inputs=content) as one:
            content["a"].append(2)
            one.outputs = content
            content["a"].append(3)
        content["a"].append(4)
        with run.step(model_params=content, inputs=content) as one:
            content["b"] = 1
            one.model_params = one.inputs = content
    assert delivery.providers == [
        {
            "modelParams": {"a": [1]},
            "inputs": {"a": [1]},
            "outputs": {"a": [1, 2, 3]},
        },
        {
            "modelParams": {"a": [1, 2, 3, 4], "b": 1},
            "inputs": {"a": [1, 2, 3, 4], "b": 1},
        },
    ]


def test_only_a_first_parameter_called_self_or_cls_is_left_out(pipeline, delivery):
    @step
    def compare(model, cls, self):
        return {"classes": [model, cls, self]}

    with pipeline.start():
        compare(1, 2, 3)
    assert delivery.providers[0]["inputs"] == {"model": 1, "cls": 2, "self": 3}


def test_decorated_function_has_its_arguments_before_it_ran(pipeline, delivery):
    @step
    def change(items, /, k=4, *rest, flag=True, **more):  # noqa: ARG001
        items.append("changed")
        more["x"] = 5
        return {"items": items}

    with pipeline.start():
        change([1])
        change([1], 2, 3, 4, flag=False, x=1, items=2)
        with pytest.raises(TypeError):
            change()
    name = "test_decorated_function_has_its_arguments_before_it_ran.<locals>.change"
    assert delivery.providers[0] == {
        "name": __name__,
        "invocation": name,
        "inputs": {"items": [1], "k": 4, "rest": [], "flag": True},
        "outputs": {"items": [1, "changed"]},
    }
    inputs = {"x": 1, "items": [1], "k": 2, "rest": [3, 4], "flag": False}
    assert delivery.providers[1]["inputs"] == inputs
    assert "inputs" not in delivery.providers[2]
    assert delivery.steps[2]["error"].startswith("TypeError: ")


@dataclasses.dataclass
class Answer:
    text: str


Large = enum.Enum("Large", {"TEXT": "x" * 5 * 2**20})


class TextModel:
    def model_dump(self):
        return "x" * 5 * 2**20


@pytest.mark.parametrize(
    ("returned", "outputs"),
    [
        (None, {"output": None}),
        ("a", {"output": "a"}),
        ([1], {"output": [1]}),
        ({"a": {1}}, {"a": [1]}),
        (Answer("b"), {"text": "b"}),
        (datetime(2024, 1, 1, tzinfo=UTC), {"output": "2024-01-01T00:00:00+00:00"}),
        ("x" * 5 * 2**20, {"output": {"truncated": "beyond 4 MiB"}}),
        (b"x" * 4 * 2**20, {"output": {"truncated": "beyond 4 MiB"}}),
        (Large.TEXT, {"output": {"truncated": "beyond 4 MiB"}}),
        (TextModel(), {"output": {"truncated": "beyond 4 MiB"}}),
    ],
    ids=range(10),
)
def test_outputs_are_the_returned_mapping_or_hold_the_value(returned, outputs, pipeline, delivery):
    @step
    def plain():
        return returned

    @step
    async def later():
        return returned

    async def main():
        with pipeline.start():
            assert plain() is returned
            assert await later() is returned

    asyncio.run(main())
    assert [provider["outputs"] for provider in delivery.providers] == [outputs] * 2


def test_a_call_reads_its_inputs(pipeline):
    """A generator does not keep its arguments for as long as it goes on."""

    @step
    def plain(_a):
        return current_step().inputs

    @step
    def generate(_a):
        yield current_step().inputs

    @step(inputs={"b": 2})
    def generate_from_given(_a):
        yield current_step().inputs

    with pipeline.start():
        assert plain(1) == {"_a": 1}
        assert list(generate(1)) == [None]
        assert list(generate_from_given(1)) == [{"b": 2}]


def test_a_call_that_raises_has_no_outputs(pipeline, delivery):
    @step
    def plain():
        raise LookupError

    @step
    async def later():
        plain()

    async def main():
        with pipeline.start():
            with pytest.raises(LookupError):
                plain()
            with pytest.raises(LookupError):
                await later()

    asyncio.run(main())
    assert [provider.get("outputs") for provider in delivery.providers] == [None] * 3
    assert [found["error"] for found in delivery.steps] == ["LookupError"] * 3


def test_what_is_captured_can_be_turned_off_and_set(pipeline, delivery):
    @step(capture_inputs=False, capture_outputs=False)
    def off(a):
        return a

    @step(capture_inputs=False, capture_outputs=False)
    async def off_too(a):
        return a

    @step(inputs={"given": 1}, capture_inputs=False, capture_outputs=False)
    def own(a):
        current_step().outputs = "mine"
        return a

    @step(inputs={"given": 1})
    async def instead(a):
        current_step().outputs = "mine"
        return a

    with pipeline.start():
        off(1)
        asyncio.run(off_too(1))
        own(1)
        asyncio.run(instead(1))
    first, second, *others = delivery.providers
    assert set(first) == set(second) == {"name", "invocation"}
    for provider in others:
        assert provider["inputs"] == {"given": 1}
        assert provider["outputs"] == {"output": "mine"}


def test_names_that_are_no_texts_become_texts(pipeline, delivery):
    with pipeline.start() as run:
        with run.step("a\ud800", invocation=5) as one:
            one.error = ValueError("x")
        with run.step() as one:
            one.provider = ["a"]
    assert delivery.providers == [{"name": "a�", "invocation": "5"}, {"name": '["a"]'}]
    assert delivery.steps[0]["error"] == "ValueError: x"


class UnspeakableError(Exception):
    def __str__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("bad"), "ValueError: bad"),
        (KeyError(), "KeyError"),
        (UnspeakableError(), "UnspeakableError"),
        (ValueError("x" * 2_000), "ValueError: " + "x" * 988 + "…"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (asyncio.CancelledError(), "cancelled"),
        (GeneratorExit(), None),
    ],
)
def test_exception_is_the_steps_error_and_passes(error, text, pipeline, delivery):
    with pytest.raises(type(error)) as caught, pipeline.start() as run, run.step("a") as one:  # noqa: PT012
        one.error = "mine" if text else None
        raise error
    assert caught.value is error
    assert one.error == text
    assert delivery.steps[0].get("error") == text
    assert delivery.runs[0].get("error") == text


class Clock:
    """A clock on the wall and a steady one, in a test's hand."""

    def __init__(self, monkeypatch):
        self.wall = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
        self.steady = 10**12
        monkeypatch.setattr(clock, "time_ns", lambda: round(self.wall.timestamp() * 10**9))
        monkeypatch.setattr(clock, "now", lambda: self.steady / 10**9)


@pytest.mark.parametrize(
    ("nanoseconds", "milliseconds", "end"),
    [
        (0, 0, "05.000000"),
        (499_999, 0, "05.000499"),
        (500_000, 1, "05.000500"),
        (1_250_400_999, 1250, "06.250400"),
        (-5_000_000, 0, "05.000000"),
    ],
)
def test_times_are_of_a_wall_clock_and_a_steady_one(  # noqa: PLR0913, PLR0917
    nanoseconds, milliseconds, end, pipeline, delivery, monkeypatch
):
    """A wall clock that is set back changes nothing."""
    times = Clock(monkeypatch)
    with pipeline.start() as run, run.step() as one:
        times.steady += nanoseconds
        times.wall -= timedelta(days=1)
    assert one.elapsed_time == milliseconds
    assert delivery.steps == [
        {
            "elapsedTime": milliseconds,
            "startTime": "2024-01-02T03:04:05.000000+00:00",
            "endTime": f"2024-01-02T03:04:{end}+00:00",
        }
    ]


def test_steps_stay_in_order_when_the_clock_is_set_back(pipeline, delivery, monkeypatch):
    times = Clock(monkeypatch)
    with pipeline.start() as run:
        for name in "abc":
            with run.step(name):
                times.wall -= timedelta(hours=1)
        run.add_step_run({"provider": {"name": "d"}, "startTime": "2024-01-01T00:00:00Z"})
    assert [provider["name"] for provider in delivery.providers] == ["d", "a", "b", "c"]
    assert all(as_datetime(one["startTime"]) for one in delivery.steps)


def test_member_of_an_enum_names_a_provider_by_its_value(pipeline, delivery):
    with pipeline.start() as run:
        with run.step(Color.RED):
            pass
        with step(Color.RED):
            pass
    assert delivery.providers == [{"name": "red"}] * 2


def test_elapsed_time_is_measured_whatever_the_program_sets(pipeline, delivery):
    """As one that takes it for a place to keep what a model says."""
    with pipeline.start(), step("a") as one:
        one.elapsed_time = 120_000
        assert current_step() is one
        one.outputs = {"b": 1}
    assert one.elapsed_time < 60_000
    assert delivery.steps[0]["elapsedTime"] == one.elapsed_time
    assert delivery.providers == [{"name": "a", "outputs": {"b": 1}}]
    assert "error" not in delivery.steps[0]
