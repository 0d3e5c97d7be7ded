"""What is current where, and what a context keeps alive."""

import asyncio
import contextvars
import gc
import inspect
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest

from gentrace.exceptions import ApiTypeError
from gentrace.recorder import bind, current_run, current_step, step


def test_outside_of_everything_nothing_is_current():
    assert current_run() is None
    assert current_step() is None


def test_start_alone_makes_nothing_current(pipeline):
    run = pipeline.start()
    assert current_run() is None
    run.discard()


def test_blocks_nest(pipeline):
    with pipeline.start() as outer:
        assert (current_run(), current_step()) == (outer, None)
        with outer.step("a") as first:
            assert current_step() is first
            with pipeline.start() as inner:
                assert (current_run(), current_step()) == (inner, None)
                with outer.step("b") as second:
                    assert (current_run(), current_step()) == (outer, second)
                assert (current_run(), current_step()) == (inner, None)
            assert current_step() is first
        assert (current_run(), current_step()) == (outer, None)
    assert current_run() is None


def test_step_of_a_run_inside_of_another_belongs_to_its_run(pipeline, delivery):
    with pipeline.start() as outer, pipeline.start():
        with outer.step("outer"), step("outer too"):
            pass
        with step("inner"):
            pass
    names = [[one["provider"]["name"] for one in run["stepRuns"]] for run in delivery.runs]
    assert names == [["inner"], ["outer", "outer too"]]


def test_one_block_is_entered_many_times(pipeline, delivery):
    """Nested, one after the other, and by tasks side by side."""
    with pipeline.start() as run:
        block = run.step("a")
        with block as first, block as second:
            assert first is not second
            assert current_step() is second
        assert first.elapsed_time is not None

        async def enter(number):
            async with block as one:
                one.inputs = {"n": number}
                for _ in range(number % 3):
                    await asyncio.sleep(0)
                one.outputs = {"n": number}

        async def main():
            async with asyncio.TaskGroup() as group:
                for number in range(20):
                    group.create_task(enter(number))

        asyncio.run(main())
        assert block.__exit__(None, None, None) is None
        with block, block, run.step("other"):
            # In a context where none of its steps is current.
            block.__exit__(None, None, None)
    assert len(delivery.steps) == 25
    for provider in delivery.providers[2:22]:
        assert provider["inputs"] == provider["outputs"]


def test_run_that_is_entered_again_leaves_what_was_current_before(pipeline, delivery):
    with pipeline.start() as outer:
        inner = pipeline.start()
        with inner:
            with inner:
                assert current_run() is inner
            assert current_run() is outer
        assert current_run() is outer
    assert current_run() is None
    assert len(delivery.runs) == 2


def test_run_that_tasks_enter_side_by_side_leaves_to_each_what_was_current_there(pipeline):
    async def work(outer, entered, may_leave):
        with outer:
            with inner:
                entered.set()
                await may_leave.wait()
            assert current_run() is outer

    async def main():
        events = [asyncio.Event() for _ in range(4)]
        first = asyncio.create_task(work(pipeline.start(), events[0], events[1]))
        await events[0].wait()
        second = asyncio.create_task(work(pipeline.start(), events[2], events[3]))
        await events[2].wait()
        events[1].set()
        await first
        events[3].set()
        await second

    inner = pipeline.start()
    asyncio.run(main())


def test_1000_concurrent_tasks_keep_their_steps_apart(pipeline, delivery):
    @step("inner")
    async def inner(n):
        await asyncio.sleep(0)
        return current_run(), n

    @pipeline.traced
    async def work(n):
        run = current_run()
        run.error = str(n)
        with step("outer", inputs={"n": n}) as outer:
            await asyncio.sleep(0)
            assert current_step() is outer
            assert await inner(n) == (run, n)
            await asyncio.gather(*[inner(n) for _ in range(2)])
            assert (current_run(), current_step()) == (run, outer)

    async def main():
        await asyncio.gather(*[work(n) for n in range(1_000)])

    asyncio.run(main())
    assert len(delivery.runs) == 1_000
    for run in delivery.runs:
        numbers = {str(one["provider"]["inputs"]["n"]) for one in run["stepRuns"]}
        assert numbers == {run["error"]}
        assert len(run["stepRuns"]) == 4


def test_threads_of_asyncio_take_it_along_and_others_when_bound(pipeline):
    async def main():
        return await asyncio.to_thread(current_run)

    with pipeline.start() as run, ThreadPoolExecutor(1) as executor:
        assert asyncio.run(main()) is run
        assert executor.submit(current_run).result(timeout=60) is None
        bound = bind(current_run)
        assert executor.submit(bound).result(timeout=60) is run
        with run.step("a") as one:
            found = list(executor.map(bind(lambda _: current_step()), range(2)))
            assert found == [one, one]
    assert bound() is None
    assert bound.__name__ == "current_run"


def test_calls_of_a_bound_function_do_not_see_each_other():
    variable = contextvars.ContextVar("variable", default=0)

    def increase():
        variable.set(variable.get() + 1)
        return variable.get()

    bound = bind(increase)
    with ThreadPoolExecutor(2) as executor:
        assert [future.result() for future in [executor.submit(bound)] * 3] == [1, 1, 1]
    assert [bound(), bound()] == [1, 1]
    assert variable.get() == 0
    with pytest.raises(ApiTypeError, match="bind: expected a function, got int 5"):
        bind(5)


def test_context_keeps_no_run_alive(pipeline):
    """A task that goes on, or a bound function, holds weak references only."""
    with pipeline.start() as run:
        with run.step("a") as one:
            context = copy_context()
            bound = bind(current_step)
        references = [weakref.ref(run), weakref.ref(one)]
    run = one = None
    gc.collect()
    assert [reference() for reference in references] == [None, None]
    assert context.run(current_run) is None
    assert bound() is None


def test_task_that_outlives_the_step_belongs_to_the_run_still(pipeline, delivery):
    async def late():
        await asyncio.sleep(0)
        assert current_step() is None
        with step("late"):
            pass

    async def main():
        async with pipeline.start():
            async with step("early") as early:
                task = asyncio.create_task(late())
            await task
            assert early.elapsed_time is not None

    asyncio.run(main())
    assert [provider["name"] for provider in delivery.providers] == ["early", "late"]


def test_end_in_another_context_disturbs_nothing(pipeline, delivery):
    """As where a generator with a block inside is closed by another task."""

    def generate():
        with pipeline.start(), step("a"):
            yield current_run()

    made = generate()
    run = copy_context().run(next, made)
    assert run is not None
    assert current_run() is None
    with pipeline.start() as other:
        made.close()
        assert current_run() is other
    assert len(delivery.runs) == 2


def test_cancelled_task(pipeline, delivery):
    @step("cancelled")
    async def wait():
        await asyncio.Event().wait()

    async def main():
        task = asyncio.create_task(work())
        for _ in range(3):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    @pipeline.traced
    async def work():
        await wait()

    asyncio.run(main())
    assert delivery.runs[0]["error"] == delivery.steps[0]["error"] == "cancelled"


def test_closed_coroutine_has_no_error(pipeline, delivery):
    @step
    async def wait():
        await asyncio.sleep(60)

    async def main():
        with pipeline.start():
            made = wait()
            made.send(None)
            made.close()
            assert current_step() is None

    asyncio.run(main())
    assert "error" not in delivery.steps[0]


def test_plain_thread_sees_nothing(pipeline):
    seen = []
    with pipeline.start():
        thread = threading.Thread(target=lambda: seen.append(current_run()))
        thread.start()
        thread.join()
    assert seen == [None]


def test_bound_coroutine_function_runs_its_coroutines_where_it_was_bound(pipeline):
    """In the task that awaits them, across each of their awaits, and on another loop too."""

    async def look(pause):
        before = current_run(), asyncio.current_task()
        await asyncio.sleep(pause)
        return before, (current_run(), asyncio.current_task())

    async def ask(bound):
        assert current_run() is None
        found = await bound(0), await bound(pause=0.001)
        assert current_run() is None
        return found, asyncio.current_task()

    with pipeline.start() as run:
        bound = bind(look)
        assert inspect.iscoroutinefunction(bound)
        with ThreadPoolExecutor(1) as executor:
            found, task = executor.submit(asyncio.run, ask(bound)).result()
    assert found == (((run, task),) * 2,) * 2


def test_bound_coroutine_sees_what_is_thrown_into_it():
    seen = []

    async def wait():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    async def cancel():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(bind(wait)(), 0.001)

    asyncio.run(cancel())
    assert seen == ["cancelled"]


def test_bound_coroutine_may_go_on_after_what_is_thrown_into_it():
    async def recover():
        try:
            await asyncio.sleep(0)
        except KeyError as error:
            await asyncio.sleep(0)
            return error.args

    running = bind(recover)()
    running.send(None)
    running.throw(KeyError("thrown"))
    with pytest.raises(StopIteration) as stopped:
        running.send(None)
    assert stopped.value.value == ("thrown",)


def test_bound_coroutine_raises_its_own_errors():
    async def fail():
        await asyncio.sleep(0)
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        asyncio.run(bind(fail)())


@pytest.mark.parametrize("kind", ["runs", "steps"])
def test_blocks_that_do_not_end_in_the_reverse_order_hide_nothing(kind, pipeline, delivery):
    """As those of two generators that are open at once; the context keeps none of them."""

    def generate():
        with pipeline.start() if kind == "runs" else step("inner"):
            yield

    with pipeline.start() as outer:
        for _ in range(3):
            first, second = generate(), generate()
            next(first)
            next(second)
            first.close()
            assert (current_run() is outer) == (kind == "steps")
            second.close()
            assert current_run() is outer
            assert current_step() is None
        with step("later"):
            pass
    assert delivery.runs[-1]["stepRuns"][-1]["provider"] == {"name": "later"}


def test_the_nearest_run_that_is_open_is_current(pipeline):
    with pipeline.start() as first, pipeline.start() as second, pipeline.start() as third:
        assert current_run() is third
        third.submit()
        assert current_run() is second
        second.submit()
        assert current_run() is first
        first.submit()
        assert current_run() is None


def test_a_program_that_has_no_garbage_collected_stays_so(pipeline):
    gc.disable()
    try:
        with pipeline.start() as run, run.step("a"):
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()
    with pipeline.start() as run, run.step("a"):
        assert gc.isenabled()
