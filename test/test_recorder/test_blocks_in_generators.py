"""Blocks around a `yield` inside of recorded generators: the consumer sees nothing of them."""

import asyncio
import gc
from contextlib import nullcontext
from contextvars import copy_context

import pytest
from support.recording import InMemory

from gentrace.recorder import Pipeline, current_run, current_step, step

STREAM = InMemory()


@pytest.fixture(autouse=True)
def _stream():
    STREAM.bodies.clear()


def body():
    with step("model") as model, step("tokens"):
        for token in "ab":
            with step("token"):
                pass
            yield token
            assert current_step() is not model
        model.outputs = {"text": "ab"}


async def later_body():
    async with step("model") as model, step("tokens"):
        for token in "ab":
            with step("token"):
                pass
            yield token
            assert current_step() is not model
        model.outputs = {"text": "ab"}


def list_later(made, consume):
    async def main():
        async for _ in made:
            consume()

    asyncio.run(main())


def list_now(made, consume):
    for _ in made:
        consume()


@pytest.mark.parametrize(("function", "exhaust"), [(body, list_now), (later_body, list_later)])
def test_steps_of_the_consumer_belong_to_its_own_run(pipeline, delivery, function, exhaust):
    def consume():
        assert current_run() is outer
        with step("consumer"):
            pass

    stream = Pipeline("stream", delivery=STREAM).traced(function)
    with pipeline.start() as outer:
        exhaust(stream(), consume)
        assert current_run() is outer
    assert [provider["name"] for provider in delivery.providers] == ["consumer"] * 2
    names = [provider["name"] for provider in STREAM.providers]
    assert names == ["model", "tokens", "token", "token"]
    assert STREAM.providers[0]["outputs"] == {"text": "ab"}


@pytest.mark.parametrize("end", ["close", "drop"])
def test_generator_that_is_not_exhausted_leaves_nothing_current(pipeline, delivery, end):
    made = Pipeline("stream", delivery=STREAM).traced(body)()
    next(made)
    assert current_run() is None
    with pipeline.start() as outer:
        next(made)
        assert (current_run(), current_step()) == (outer, None)
        with step("later"):
            if end == "close":
                made.close()
            made = None
            gc.collect()
        assert current_run() is outer
    assert [provider["name"] for provider in delivery.providers] == ["later"]
    assert not any("error" in one for one in STREAM.steps)


def test_block_in_a_step_is_current_within_alone(pipeline, delivery):
    @step("generator")
    def generate():
        with step("inside") as inside:
            yield 1
            assert current_step() is inside
            yield 2

    with pipeline.start(), step("consumer") as consumer:
        made = generate()
        for _ in made:
            assert current_step() is consumer
    assert len(delivery.steps) == 3


def test_outer_block_is_current_once_the_generator_left_the_inner_one(pipeline):
    @step
    def generate():
        with step("outer") as outer:
            with step("inner") as inner:
                yield 1
                assert current_step() is inner
            assert current_step() is outer
            yield 2
            assert current_step() is outer
        assert current_step().provider == __name__

    with pipeline.start():
        assert list(generate()) == [1, 2]


def test_generator_is_advanced_where_its_own_block_is_current(pipeline):
    """In a copy of the context of its body, as of a task that this started."""
    contexts = []

    @step("generator")
    def generate():
        with step("outside"), step("inside"):
            for number in range(4):
                contexts.append(copy_context())
                yield number

    with pipeline.start() as run:
        made = generate()
        next(made)
        for _ in range(3):
            contexts[0].run(next, made)
            assert contexts[0].run(current_run) is run
            assert current_step() is None
        assert list(made) == []
    assert contexts[0].run(current_run) is None


def test_generator_that_leaves_a_block_of_its_consumer(pipeline, delivery):
    block = step("block")

    @step("generator")
    def generate():
        block.__exit__(None, None, None)
        with step("inside"):
            yield 1

    with pipeline.start() as run:
        block.__enter__()
        made = generate()
        next(made)
        made.close()
        assert (current_run(), current_step()) == (run, None)
    assert [provider["name"] for provider in delivery.providers] == ["block", "generator", "inside"]
    assert not any("error" in one for one in delivery.steps)


@pytest.mark.parametrize("ended", [True, False])
def test_block_of_a_generator_that_is_not_exhausted_stays_out_of_the_consumer(pipeline, ended):
    """The recorded generator iterates a plain one, which it leaves open."""

    async def iterate():
        with Pipeline("stream", delivery=STREAM).start(), step("inside"):
            yield 1
            yield 2

    plain = iterate()

    @step
    async def generate():
        async for number in plain:
            yield number
            if ended:
                return

    async def main():
        with pipeline.start() as run, step("consumer") as consumer:
            made = generate()
            await anext(made)
            if ended:
                assert await anext(made, None) is None
            else:
                await made.aclose()
            assert (current_run(), current_step()) == (run, consumer)
            await plain.aclose()
            assert (current_run(), current_step()) == (run, consumer)

    asyncio.run(main())


def test_run_that_ends_within_a_generator_is_not_current_in_its_consumer(pipeline):
    """Nor is the step of the generator, which was within it."""

    @step
    def generate():
        with pipeline.start() as inner:
            yield 1
            inner.submit()
            with pipeline.start():
                pass
            yield 2
        yield 3

    with pipeline.start(), step("mine") as mine:
        for _ in generate():
            assert current_step() is mine
        assert current_step() is mine


@pytest.mark.parametrize("has_block", [False, True])
def test_generator_that_outlives_its_run_belongs_to_the_one_in_which_it_goes_on(
    pipeline, has_block
):
    @step
    def generate():
        if has_block:
            with step("inside"):
                yield None
                yield current_run()
        else:
            yield None
            yield current_run()

    with pipeline.start():
        made = generate()
        next(made)
    with pipeline.start() as other:
        assert next(made) is other


@pytest.mark.parametrize("is_nested", [False, True])
def test_block_of_a_generator_whose_run_ended_within_it_is_current_within_it(
    pipeline, delivery, is_nested
):
    """Also after another run, whose end drops what has ended from the context."""

    @step
    def generate():
        current_run().submit()
        with pipeline.start():
            pass
        with pipeline.start() as own:
            yield 1
            assert current_run() is own
            with step("inside"):
                pass
            yield 2
            assert current_run() is own

    outermost = pipeline.start()
    with outermost if is_nested else nullcontext():
        with pipeline.start():
            for _ in generate():
                assert current_run() is (outermost if is_nested else None)
        assert current_run() is (outermost if is_nested else None)
    outermost.discard()
    recorded = [[step["provider"]["name"] for step in run["stepRuns"]] for run in delivery.runs]
    assert recorded[:3] == [[__name__], [], ["inside"]]
