"""The step of a generator: when it starts and ends, what is kept of it, and what is current."""

import asyncio
import gc
from concurrent.futures import ThreadPoolExecutor

import pytest

from gentrace.recorder import current_run, current_step, step


@step
def count(n):
    seen = current_step()
    for number in range(n):
        assert current_step() is seen is not None
        yield number
    assert current_step() is seen


@step
async def count_async(n):
    seen = current_step()
    for number in range(n):
        await asyncio.sleep(0)
        assert current_step() is seen is not None
        yield number


def test_step_starts_at_the_first_next_in_the_run_that_is_current_then(pipeline, delivery):
    @step
    def letters(text):
        yield from text

    made = letters("ab")
    unused = letters("c")
    with pipeline.start():
        assert next(made) == "a"
        assert current_step() is None
    del unused
    assert delivery.providers[0]["inputs"] == {"text": "ab"}
    assert len(delivery.steps) == 1
    assert delivery.steps[0]["error"] == "not finished"
    assert list(made) == ["b"]


@pytest.mark.parametrize("end", ["exhaust", "close", "drop", "break"])
def test_outputs_are_what_was_yielded_until_it_ended(end, pipeline, delivery):
    with pipeline.start():
        if end == "break":
            for number in count(3):
                if number:
                    break
        else:
            made = count(2)
            assert [next(made), next(made)] == [0, 1]
            if end == "exhaust":
                assert list(made) == []
            elif end == "close":
                made.close()
            else:
                del made
        gc.collect()
    (found,) = delivery.steps
    assert found["provider"]["outputs"] == {"output": [0, 1]}
    assert "error" not in found


def test_what_a_generator_raises_is_its_error(pipeline, delivery):
    @step
    def fails():
        yield 1
        raise LookupError("gone")

    with pipeline.start(), pytest.raises(LookupError):
        list(fails())
    (found,) = delivery.steps
    assert found["error"] == "LookupError: gone"
    assert found["provider"]["outputs"] == {"output": [1]}


def test_item_is_kept_as_it_was_yielded(pipeline, delivery):
    @step
    def items():
        content = []
        for number in range(3):
            content.append(number)
            yield content

    with pipeline.start():
        for item in items():
            item.append("changed")
    assert delivery.providers[0]["outputs"]["output"] == [
        [0],
        [0, "changed", 1],
        [0, "changed", 1, "changed", 2],
    ]


@pytest.mark.parametrize(
    ("items", "kept"),
    [
        ([], []),
        (range(1_000), [*range(1_000)]),
        (range(1_500), [*range(1_000), "…"]),
        (["a" * 100_000] * 4, [*["a" * 100_000] * 2, "…"]),
        (["a" * 2**19, "b"], ["…"]),
    ],
    ids=["none", "all", "many", "large", "one large"],
)
def test_items_are_kept_within_bounds(items, kept, pipeline, delivery):
    @step
    def generate():
        yield from items

    with pipeline.start():
        assert list(generate()) == list(items)
    assert delivery.providers[0]["outputs"] == {"output": kept}


def test_what_is_captured_can_be_turned_off_and_set(pipeline, delivery):
    @step(capture_outputs=False, capture_inputs=False)
    def off(a):
        yield a

    @step(inputs={"given": 1}, capture_inputs=False, capture_outputs=False)
    def own():
        current_step().outputs = "mine"
        yield 1

    with pipeline.start():
        list(off(1))
        list(own())
    assert set(delivery.providers[0]) == {"name", "invocation"}
    assert delivery.providers[1]["inputs"] == {"given": 1}
    assert delivery.providers[1]["outputs"] == {"output": "mine"}


def test_outputs_that_a_generator_sets_win_over_its_items(pipeline, delivery):
    @step
    def summarized():
        yield 1
        current_step().outputs = {"count": 1}

    with pipeline.start():
        assert list(summarized()) == [1]
    assert delivery.providers[0]["outputs"] == {"count": 1}


def test_consumer_is_not_inside_of_a_generators_step(pipeline, delivery):
    with pipeline.start():
        for _ in count(2):
            assert current_step() is None
            with step("consumer"):
                pass

    async def main():
        async with pipeline.start():
            async for _ in count_async(2):
                assert current_step() is None

    asyncio.run(main())
    assert current_run() is None
    assert len(delivery.runs) == 2


def test_two_generators_at_once_keep_their_steps(pipeline, delivery):
    with pipeline.start():
        for one, other in zip(count(3), count(4), strict=False):
            assert one == other
        gc.collect()
    assert [provider["inputs"]["n"] for provider in delivery.providers] == [3, 4]
    assert all("error" not in one for one in delivery.steps)


def test_async_generator_consumed_in_other_tasks(pipeline, delivery):
    """As by a server that streams: each advance in a task of its own, the run current in each."""

    async def main():
        async with pipeline.start():
            made = count_async(3)
            items = [await asyncio.create_task(anext(made)) for _ in range(3)]
            await asyncio.create_task(made.aclose())
            assert current_step() is None
            return items

    assert asyncio.run(main()) == [0, 1, 2]
    (found,) = delivery.steps
    assert found["provider"]["outputs"] == {"output": [0, 1, 2]}
    assert "error" not in found


def test_abandoned_async_generator_ends_its_step(pipeline, delivery):
    async def main():
        async with pipeline.start():
            async for _ in count_async(3):
                break
            gc.collect()
            for _ in range(5):
                await asyncio.sleep(0)

    asyncio.run(main())
    (found,) = delivery.steps
    assert found["provider"]["outputs"] == {"output": [0]}
    assert "error" not in found


def test_open_async_generator_is_closed_once_at_the_end_of_its_loop(pipeline, delivery):
    """As a plain one is, of which the loop alone knows."""
    wrong = []
    held = []

    @step
    async def generate():
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)

    async def main():
        asyncio.get_running_loop().set_exception_handler(lambda _, what: wrong.append(what))
        held.extend([generate(), generate()])
        for one in held:
            await anext(one)

    with pipeline.start():
        asyncio.run(main())
    assert wrong == []
    assert len(delivery.steps) == 2
    assert not any("error" in one for one in delivery.steps)


def test_task_group_inside_of_an_async_generator(pipeline, delivery):
    @step("child")
    async def child(n):
        await asyncio.sleep(0)
        return n

    @step("parent")
    async def parent():
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(child(n)) for n in range(3)]
        for task in tasks:
            yield task.result()

    async def main():
        async with pipeline.start():
            return [item async for item in parent()]

    assert asyncio.run(main()) == [0, 1, 2]
    assert [provider["name"] for provider in delivery.providers] == ["parent", *["child"] * 3]


def test_generator_that_gives_way_to_itself(pipeline, delivery):
    """Each level is a step; the outer ones are current again whenever an inner one has ended."""

    @step("walk")
    def walk(n):
        seen = current_step()
        if n:
            yield from walk(n - 1)
        assert current_step() is seen
        yield n

    with pipeline.start():
        assert list(walk(3)) == [0, 1, 2, 3]
    assert [provider["inputs"]["n"] for provider in delivery.providers] == [3, 2, 1, 0]
    outputs = [provider["outputs"]["output"] for provider in delivery.providers]
    assert outputs == [[0, 1, 2, 3], [0, 1, 2], [0, 1], [0]]


def test_generator_that_is_advanced_by_many_threads_in_turn(pipeline, delivery):
    """Its step belongs to the run of the first advance, wherever the others come from."""
    with pipeline.start():
        made = count(3)
        assert next(made) == 0
        with ThreadPoolExecutor(1) as executor:
            assert executor.submit(next, made).result() == 1
            assert executor.submit(current_step).result() is None
        assert next(made) == 2
        made.close()
    (found,) = delivery.steps
    assert found["provider"]["outputs"] == {"output": [0, 1, 2]}
