"""Runs of generators that the program abandons in a reference cycle, which the collector frees.

The collector calls the finalizers of a cycle in any order; in these tests, the run's comes first.
"""

import asyncio
import gc
import sys
from uuid import uuid4

import pytest
from support.recording import reason_of

from gentrace.recorder import Pipeline, PipelineRun, current_run, step
from gentrace.recorder.run import RunRecording


@pytest.fixture(autouse=True)
def _collected_only_here():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


class Stream:
    """Holds a generator that refers back to it, as the streams of API clients do."""

    def __init__(self, run):
        self.items = self.iterate(run)

    def iterate(self, run):
        with run:
            with run.step("done"):
                pass
            with run.step("open"):
                yield 1


def steps_of(run):
    return [(one["provider"].get("name"), one.get("error")) for one in run["stepRuns"]]


async def abandon(generate):
    """Start an async generator that is in a reference cycle, and let the collector find it."""
    cycle = []
    cycle.append(generate(cycle))
    await anext(cycle[0])
    del cycle
    gc.collect()


@pytest.mark.parametrize("kind", [PipelineRun, RunRecording])
def test_run_whose_constructor_was_interrupted_is_dropped_without_a_word(kind, caplog):
    del [kind.__new__(kind)][0]  # as after Ctrl-C in its first line
    assert caplog.messages == []


def test_block_of_an_abandoned_generator_delivers_its_run(delivery, caplog):
    name = f"abandoned {uuid4()}"  # each is warned of once in a process
    pipeline = Pipeline(name, delivery=delivery)
    for _ in range(2):
        stream = Stream(pipeline.start())
        next(stream.items)
        del stream
    assert delivery.runs == []
    gc.collect()
    for run in delivery.runs:
        assert steps_of(run) == [("done", None), ("open", "not finished")]
        assert "error" not in run
    assert len(delivery.runs) == 2
    (record,) = caplog.records
    assert record.getMessage() == (
        f"a run of pipeline {name!r} was dropped in its block and is delivered as it is: "
        "leave the block, or close the generator or coroutine that has it"
    )


def test_traced_generator_that_is_abandoned_is_a_run(pipeline, delivery, caplog):
    @pipeline.traced
    def generate(cycle):
        with step("done"):
            pass
        cycle.append(current_run())
        yield 1

    cycle = []
    items = zip(generate(cycle), strict=True)
    cycle.append(items)
    next(items)
    gc.collect()  # it finds the run by the list, and then, by what zip holds, the generator
    cycle.pop()
    del cycle, items
    assert delivery.runs == []
    gc.collect()
    (run,) = delivery.runs
    assert steps_of(run) == [("done", None)]
    assert "error" not in run
    assert caplog.records == []


def test_traced_async_generator_that_is_abandoned_is_closed_by_the_loop(pipeline, delivery, caplog):
    async def main():
        is_cleaned = asyncio.Event()

        @pipeline.traced
        async def generate(cycle):
            try:
                with step("work"):
                    yield cycle
            finally:
                with step("cleanup"):
                    await asyncio.sleep(0)
                is_cleaned.set()

        await abandon(generate)
        await asyncio.wait_for(is_cleaned.wait(), 30)

    asyncio.run(main())
    (run,) = delivery.runs
    assert steps_of(run) == [("work", None), ("cleanup", None)]
    assert caplog.records == []


def test_traced_async_generator_whose_loop_is_closed_is_a_dropped_run(pipeline, delivery, caplog):
    """As nothing closes the generator then, nothing else ends its run."""

    @pipeline.traced
    async def generate():
        with step("open"):
            yield current_run().receipt

    async def first(items):
        return await anext(items)

    items = generate()
    loop = asyncio.new_event_loop()
    receipt = loop.run_until_complete(first(items))
    loop.close()
    del items
    gc.collect()  # the open step keeps the run, until the collector has seen that nothing else does
    gc.collect()
    assert reason_of(receipt) == "discarded"
    assert delivery.bodies == []
    (record,) = caplog.records
    assert "was dropped without an end and is not delivered" in record.getMessage()


def test_finalizer_that_records_while_a_collected_generator_is_closed(pipeline, delivery):
    """The collector may come at any line, here whenever the context has changed."""

    def record(_frame, event, function):
        if event == "c_return" and getattr(function, "__name__", "") == "set":
            with pipeline.start():
                pass

    async def main():
        is_closed = asyncio.Event()

        @pipeline.traced
        async def generate(cycle):
            try:
                with step("work"):
                    yield cycle
            finally:
                sys.setprofile(None)
                with step("cleanup"):
                    is_closed.set()

        await abandon(generate)
        sys.setprofile(record)
        await asyncio.wait_for(is_closed.wait(), 30)

    try:
        asyncio.run(main())
    finally:
        sys.setprofile(None)
    assert [("work", None), ("cleanup", None)] in map(steps_of, delivery.runs)
