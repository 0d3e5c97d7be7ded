"""What is sent and thrown into a recorded generator, and how long it keeps that."""

import asyncio
import gc
from contextlib import nullcontext
from weakref import ref

import pytest

from gentrace.recorder import step


@step
def echo(end):
    """Yield what is sent or thrown into it, until it is to end with it."""
    received = "started"
    while True:
        try:
            received = yield received
        except LookupError as error:
            received = repr(error)
        if received == end:
            raise ArithmeticError(received)


@step
async def echo_async(end):
    """Yield what is sent or thrown into it, until it is to end with it."""
    received = "started"
    while True:
        try:
            received = yield received
        except LookupError as error:
            received = repr(error)
        if received == end:
            raise ArithmeticError(received)


OUTPUTS = ["started", "sent", "KeyError('thrown')"]


def talk(end):
    made = echo(end)
    assert [next(made), made.send("sent"), made.throw(KeyError("thrown"))] == OUTPUTS
    return made


async def talk_async(end):
    made = echo_async(end)
    assert [await anext(made), await made.asend("sent")] == OUTPUTS[:2]
    assert await made.athrow(KeyError("thrown")) == OUTPUTS[2]
    return made


@pytest.mark.parametrize("inside", [True, False])
def test_what_is_sent_and_thrown_reaches_the_generator_and_its_errors_the_caller(
    inside, pipeline, delivery
):
    async def main():
        made = await talk_async("end")
        with pytest.raises(ArithmeticError, match="end"):
            await made.asend("end")
        with pytest.raises(StopAsyncIteration):
            await anext(made)
        made = await talk_async("end")
        with pytest.raises(OSError, match="own"):
            await made.athrow(OSError("own"))

    with pipeline.start() if inside else nullcontext():
        made = talk("end")
        with pytest.raises(ArithmeticError, match="end"):
            made.send("end")
        with pytest.raises(StopIteration):
            next(made)
        made = talk("end")
        with pytest.raises(OSError, match="own"):
            made.throw(OSError("own"))
        asyncio.run(main())
    if inside:
        errors = ["ArithmeticError: end", "OSError: own"]
        assert [one["error"] for one in delivery.steps] == errors * 2
        assert [one["outputs"]["output"] for one in delivery.providers] == [OUTPUTS] * 4


def test_closed_generators_end_without_an_error(pipeline, delivery):
    """So do those that were never advanced, of which there is no step."""

    async def main():
        made = await talk_async("end")
        await made.aclose()
        await made.aclose()
        await echo_async("end").aclose()

    with pipeline.start():
        made = talk("end")
        made.close()
        made.close()
        echo("end").close()
        asyncio.run(main())
    assert [one["outputs"]["output"] for one in delivery.providers] == [OUTPUTS] * 2
    assert not any("error" in one for one in delivery.steps)


class Large:
    """Something whose end a test can see."""


@pytest.mark.parametrize("in_run", [False, True])
def test_arguments_and_sent_values_live_as_long_as_the_generator_wants(pipeline, in_run):
    """A stream may take hours; what was asked for is not kept in memory for it."""
    run = pipeline.start() if in_run else nullcontext()

    @step
    def forget(given):
        del given
        while True:
            yield (yield 1) is None

    @step
    async def forget_async(given):
        del given
        while True:
            yield (yield 1) is None

    async def main():
        given, sent = Large(), Large()
        ends = [ref(given), ref(sent)]
        generator = forget_async(given)
        del given
        await anext(generator)
        await generator.asend(sent)
        del sent
        gc.collect()
        assert [end() for end in ends] == [None, None]
        await generator.aclose()

    with run:
        given, sent = Large(), Large()
        ends = [ref(given), ref(sent)]
        generator = forget(given)
        del given
        next(generator)
        generator.send(sent)
        del sent
        gc.collect()
        assert [end() for end in ends] == [None, None]
        asyncio.run(main())
