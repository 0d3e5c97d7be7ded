"""Runs that end while others around them go on: what is current then, and what contexts hold."""

import asyncio
import gc
import sys
from contextvars import copy_context
from itertools import count

import pytest
from support.recording import InMemory

from gentrace.recorder import Pipeline, current_run, current_step, step
from gentrace.recorder.context import Scope


def names_of(delivery):
    """The names of the steps of each run that came."""
    return [[one["provider"]["name"] for one in run["stepRuns"]] for run in delivery.runs]


def holders():
    """What the recorder has put into contexts, wherever it still is."""
    gc.collect()
    return [one for one in gc.get_objects() if type(one).__module__ == "gentrace.recorder.context"]


async def outlive_inner_run(pipeline, late):
    """Start a task in an inner run, and let it go on after that, within the outer one."""
    may_start = asyncio.Event()
    async with pipeline.start() as outer:
        async with pipeline.start(), step("inner"):
            task = asyncio.create_task(late(may_start))
        may_start.set()
        assert await task is outer
        assert current_run() is outer


def test_task_that_outlives_an_inner_run_belongs_to_the_outer_one(pipeline, delivery):
    async def late(may_start):
        await may_start.wait()
        with step("late"):
            return current_run()

    asyncio.run(outlive_inner_run(pipeline, late))
    assert names_of(delivery) == [["inner"], ["late"]]


def test_task_that_outlives_an_inner_run_iterates_a_generator_with_a_block(pipeline, delivery):
    @step("generator")
    def generate():
        with step("block"):
            yield from range(3)

    async def late(may_start):
        await may_start.wait()
        outer = current_run()
        for _ in generate():
            assert current_run() is outer
        with step("late"):
            return current_run()

    asyncio.run(outlive_inner_run(pipeline, late))
    assert names_of(delivery) == [["inner"], ["generator", "block", "late"]]


@pytest.mark.parametrize("end", ["submit", "discard"])
def test_run_that_ends_within_its_block_hides_no_other(pipeline, delivery, end):
    with pipeline.start() as outer:
        with pipeline.start() as inner, inner.step("inner"):
            getattr(inner, end)()
            assert current_run() is outer
            assert current_step() is None
            with step("a"), inner.step("nowhere"), step("b"):
                pass
        with step("c"):
            pass
    assert names_of(delivery)[-1] == ["a", "b", "c"]


def test_ended_run_within_a_step_of_another(pipeline, delivery):
    with pipeline.start() as outer:
        other = pipeline.start()
        with other.step("other"):
            other.submit()
            with step("outer"):
                assert current_run() is outer
    assert names_of(delivery) == [["other"], ["outer"]]


def test_contexts_that_follow_each_other_hold_no_chain(pipeline):
    """As of tasks each of which starts the next one, in a run that goes on or in runs of their own.

    A context that is kept holds weak references alone, and few.
    """
    before = len(holders())
    with pipeline.start():
        for own in (True, False):
            context = copy_context()
            for _ in range(100):
                block = pipeline.start() if own else step("a")
                context.run(block.__enter__)
                following = context.copy()
                context.run(block.__exit__, None, None, None)
                context = following
            block = None
            assert len(holders()) - before < 5
    assert context.run(current_run) is None
    context = following = None
    assert len(holders()) == before


def test_generator_that_is_advanced_by_what_it_started(pipeline, delivery):
    """In a run within a copy of the context of its own body."""
    contexts = []

    @step("generator")
    def generate():
        for number in range(3):
            contexts.append(copy_context())
            yield number

    def advance():
        with pipeline.start() as inner:
            next(made)
            assert current_run() is inner
        assert current_run() is outer
        next(made)

    with pipeline.start() as outer:
        made = generate()
        next(made)
        contexts[0].run(advance)
    assert [context.run(current_run) for context in contexts] == [None] * 3
    assert names_of(delivery) == [[], ["generator"]]


class StruckError(BaseException):
    """What a signal handler raises, such as that of a time limit."""


def plain(pipeline):
    with pipeline.start() as run, run.step("a"), step("b"):
        pass


def traced(pipeline):
    pipeline.traced(step("a")(lambda: None))()


def generated(pipeline):
    @step("a")
    def generate():
        yield

    list(pipeline.traced(generate)())


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("work", [plain, traced, generated])
def test_interrupt_in_an_inner_run_hides_no_outer_one(work):
    """Wherever what a signal handler raises strikes; and nothing is held afterwards."""
    delivery = InMemory()
    pipeline = Pipeline("a", delivery=delivery)
    tracing = sys.gettrace()

    def interrupt_after(lines):
        def trace(frame, event, _):
            nonlocal lines
            if not frame.f_code.co_filename.endswith(PLACES):
                return None
            lines -= event == "line"
            if lines < 0:
                sys.settrace(None)
                raise StruckError
            return trace

        return trace

    for lines in count():
        with pipeline.start() as outer:
            try:
                sys.settrace(interrupt_after(lines))
                work(pipeline)
            except StruckError:
                ended = False
            else:
                ended = True
            finally:
                sys.settrace(tracing)
            assert current_run() is outer
            with step("later"):
                pass
        assert names_of(delivery)[-1] == ["later"]
        delivery.bodies.clear()
        held = [type(value).__module__ for value in copy_context().values()]
        assert "gentrace.recorder.context" not in held
        if ended:
            break
    assert lines > 30


PLACES = ("recorder/context.py", "recorder/run.py", "recorder/step_recording.py")


def test_nothing_grows_where_the_run_of_each_task_starts_the_next(pipeline):
    """While its own run is open."""

    async def link(left):
        with pipeline.start():
            if not left:
                gc.collect()
                return sum(type(each) is Scope for each in gc.get_objects())
            following = asyncio.create_task(link(left - 1))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return await following

    few, many = (asyncio.run(link(count)) for count in (10, 210))
    assert many - few < 100
