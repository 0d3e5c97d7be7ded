"""A run that has ended, however it ended, keeps nothing of what was recorded of it."""

import asyncio
import gc
import tracemalloc
from contextlib import contextmanager
from weakref import ref

import pytest
from support.hostile import raise_own
from support.recording import InMemory, reason_of

from gentrace.recorder import Pipeline, bind

LARGE = 900_000


def large_text():
    """A text that no other part of the program holds."""
    return "x" * LARGE


@contextmanager
def nothing_kept():
    """Check that what was recorded meanwhile is not in memory afterwards."""
    other = Pipeline("other", delivery=InMemory()).start()
    record(other)  # what is imported on first use stays
    other.discard()
    gc.collect()
    tracemalloc.start()
    try:
        yield
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak > 2 * LARGE
    assert held < LARGE


def record(run):
    """Record a step, and add one that was measured elsewhere."""
    with run.step("a") as one:
        one.outputs = large_text()
    run.add_step_run({"provider": {"outputs": {"a": large_text()}}})
    run.add_step_run(
        {"provider": {"outputs": {"a": large_text()}}, "startTime": "2000-01-01T00:00:00Z"}
    )


def test_discarded_run_keeps_no_content(pipeline):
    run = pipeline.start()
    with nothing_kept():
        record(run)
        run.discard()
    assert reason_of(run.receipt) == "discarded"


def test_run_whose_mask_fails_keeps_no_content():
    delivery = InMemory()
    run = Pipeline("a", delivery=delivery).start()
    with nothing_kept():
        record(run)
        delivery.mask = raise_own
        run.error = "bad"
        run.submit()
    assert reason_of(run.receipt) == "mask_failed"


def test_run_whose_error_cannot_be_masked_keeps_no_content(monkeypatch):
    delivery = InMemory()
    run = Pipeline("a", delivery=delivery).start()
    with nothing_kept():
        record(run)
        monkeypatch.setattr(InMemory, "mask", property(raise_own), raising=False)
        run.error = "bad"
        run.submit()
    assert delivery.bodies == []
    assert run.receipt.done()


class Content:
    """Something that a step holds."""


def test_discarded_run_lets_go_of_open_steps(pipeline):
    content = Content()
    held = ref(content)
    run = pipeline.start()
    run.step("a", inputs=content).__enter__()
    del content
    assert held() is not None
    run.discard()
    assert held() is None


def test_step_that_ends_after_its_run_was_discarded_is_not_masked():
    masked = []
    run = Pipeline("a", delivery=InMemory(mask=masked.append)).start()
    with run.step("a") as one:
        run.discard()
        one.error = "bad"
    assert masked == []
    assert one.elapsed_time is not None
    assert one.error == "bad"


@pytest.mark.parametrize("add", [False, True])
def test_step_during_whose_masking_the_run_is_discarded_is_not_kept(add):
    def mask(one):
        run.discard()
        return one

    run = Pipeline("a", delivery=InMemory(mask=mask)).start()
    with nothing_kept():
        if add:
            run.add_step_run({"provider": {"outputs": {"a": large_text()}}})
        else:
            with run.step("a") as one:
                one.outputs = large_text()
            one = None
    assert reason_of(run.receipt) == "discarded"


class Thing:
    """What a closure holds."""


def plain(thing):
    return lambda: str(thing)


def awaited(thing):
    async def function():
        return str(thing)

    return lambda decorate: lambda: asyncio.run(decorate(function)())


def generating(thing):
    def function():
        yield str(thing)

    return lambda decorate: lambda: list(decorate(function)())


def generating_late(thing):
    async def function():
        yield str(thing)

    async def exhaust(items):
        return [item async for item in items]

    return lambda decorate: lambda: asyncio.run(exhaust(decorate(function)()))


def called(thing):
    return lambda decorate: decorate(plain(thing))


@pytest.mark.parametrize("make", [called, awaited, generating, generating_late])
@pytest.mark.parametrize("how", ["step", "traced", "bind"])
def test_decorated_closure_is_freed_with_what_it_holds(pipeline, make, how):
    """While the run in which it was called goes on."""
    with pipeline.start() as run:
        decorate = {"step": run.step(), "traced": pipeline.traced, "bind": bind}[how]
        thing = Thing()
        reference = ref(thing)
        function = make(thing)(decorate)
        function()
        function()
        del thing, function, decorate
        gc.collect()
        assert reference() is None
        assert run.receipt is not None
