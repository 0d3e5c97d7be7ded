"""Objects that raise, lie or never end, recorded: the program never notices."""

import asyncio
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.effort import times
from support.hostile import raise_own
from support.hostile_values import ANSWERS, BASES, NAMES, VALUES, Grows, make
from support.recording import InMemory

from gentrace.recorder import Pipeline, clock, current_run, current_step, step

PLACES = {
    "itself": lambda value: value,
    "item": lambda value: [value],
    "member": lambda value: {"a": value},
    "set": lambda value: {1: {"b": (value, 1.5)}},
}


class HostileError(Exception):
    __str__ = __repr__ = raise_own


def record(value):
    """Record a value everywhere, and check that the program goes on as if nothing were."""
    delivery = InMemory()
    error = HostileError()

    @step
    def call(one, *rest, **more):  # noqa: ARG001
        current_step().model_params = one
        return one

    @step
    def generate(one):
        yield one
        return one

    @step
    async def later(one):  # noqa: ARG001
        raise error

    async def main():
        with pytest.raises(HostileError) as caught:
            await later(value)
        assert caught.value is error

    with Pipeline("a", delivery=delivery).start() as run:
        assert call(value, value, more=value) is value
        assert list(map(id, generate(value))) == [id(value)]
        asyncio.run(main())
        with run.step("a", invocation=value) as one:
            one.provider = one.error = one.outputs = one.inputs = value
        with run.step("b", model_params=value, inputs=value):
            pass
        run.error = value
    (found,) = delivery.runs
    assert len(found["stepRuns"]) == 5
    assert found["stepRuns"][2]["error"] == "HostileError"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", VALUES)
def test_no_exception_of_an_object_reaches_the_program(name, place):
    record(PLACES[place](VALUES[name]()))


@settings(max_examples=times(200))
@given(
    st.sampled_from(list(BASES)),
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from(list(ANSWERS)), max_size=4),
    st.sampled_from(list(PLACES)),
)
def test_object_of_any_class_is_recorded(base, methods, place):
    record(PLACES[place](make(base, methods)))


def test_what_grows_while_it_is_read_comes_to_an_end():
    content = []
    content.append(Grows(content, 1_000))
    record(content)
    items = {}
    items["a"] = Grows(items, 1_000)
    record(items)


def test_little_stack_that_is_left_changes_nothing_of_the_program():
    """Wherever the stack ends, it ends with the error of the program alone."""
    delivery = InMemory()
    results = set()

    @step
    def inner(n):
        return n

    @step
    def generate(n):
        yield n

    def deeper(levels):
        if levels:
            return deeper(levels - 1)
        made = generate(5)
        return (inner(next(made)), inner([{"a": 5}]))

    limit = sys.getrecursionlimit()
    with Pipeline("a", delivery=delivery).start():
        for levels in range(limit - 200, limit):
            try:
                results.add(str(deeper(levels)))
            except RecursionError:
                results.add("RecursionError")
    assert results == {"(5, [{'a': 5}])", "RecursionError"}
    assert delivery.runs


class Raising(InMemory):
    mask = property(raise_own, lambda *_: None)


def test_mask_that_cannot_be_read_keeps_what_it_would_mask_back(caplog):
    delivery = Raising()
    with Pipeline("a", delivery=delivery).start() as run:
        with run.step("secret"):
            pass
        run.add_step_run({"provider": {"name": "secret"}})
        run.error = "secret"
    assert delivery.bodies == []
    assert [record.getMessage() for record in caplog.records] == [
        "a step was not recorded: OwnError",
        "a step was not recorded: OwnError",
        "a run was not recorded: OwnError",
    ]


def test_clock_that_raises_does_not_disturb_the_program(pipeline, delivery, monkeypatch, caplog):
    @step
    def function():
        return 5

    monkeypatch.setattr(clock, "now", raise_own)
    with pipeline.start() as run, run.step("a") as one:
        one.outputs = 1
        assert function() == 5
    assert delivery.steps == []
    messages = [record.getMessage() for record in caplog.records]
    assert messages == ["a step was not recorded: OwnError"] * 2


def test_text_of_more_bytes_than_characters_is_cut_by_its_bytes(pipeline, delivery):
    with (
        pipeline.start() as run,
        run.step("a", model_params={"model": "b"}, inputs={"text": "ä" * 3 * 2**20}),
    ):
        pass
    assert delivery.providers == [
        {
            "name": "a",
            "modelParams": {"model": "b"},
            "inputs": {"text": {"truncated": "beyond 4 MiB"}},
        }
    ]


def test_run_that_has_ended_is_not_current_when_it_is_entered(pipeline, delivery):
    run = pipeline.start()
    run.submit()
    with run:
        assert current_run() is None
    assert len(delivery.runs) == 1
