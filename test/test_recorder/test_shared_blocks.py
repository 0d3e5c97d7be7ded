"""One block that threads, tasks and contexts enter side by side."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from contextvars import copy_context
from itertools import count

from gentrace.recorder import current_step, step


def test_block_that_threads_enter_side_by_side_ends_for_each_its_own_step(pipeline, delivery):
    """Also where one of them is outside of any run."""
    block = step("model")
    inside, outside = threading.Event(), threading.Event()

    def enter_outside():
        with block:
            outside.set()
            assert inside.wait(10)

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(enter_outside)
        assert outside.wait(10)
        with pipeline.start(), block as one:
            inside.set()
            done.result(10)
            assert current_step() is one
            one.outputs = {"answer": 1}
    assert delivery.providers == [{"name": "model", "outputs": {"answer": 1}}]


def strike_after(lines, strike):
    """A trace function that does something once, after so many lines of a block's code."""

    def trace(frame, event, _):
        nonlocal lines
        if not frame.f_code.co_filename.endswith("step_block.py"):
            return None
        lines -= event == "line"
        if lines < 0:
            sys.settrace(None)
            strike()
        return trace

    return trace


def test_block_that_others_leave_meanwhile_ends_its_own_step(pipeline, delivery):
    """Those of other contexts, as other threads are, at any line of its end."""
    block = step("shared")
    tracing = sys.gettrace()

    def enter():
        with ExitStack() as stack:
            stack.enter_context(pipeline.start())
            return stack.enter_context(block), stack.pop_all()

    def leave_other():
        context, (_, stack) = others.pop(0)
        context.run(stack.close)

    def enter_elsewhere():
        context = copy_context()
        others.append((context, context.run(enter)))

    for lines in count():
        others = []
        enter_elsewhere()
        elsewhere = copy_context()
        own, stack = enter()
        elsewhere.run(enter_elsewhere)
        try:
            sys.settrace(strike_after(lines, leave_other))
            block.__exit__(None, None, None)
        finally:
            sys.settrace(tracing)
        assert own.elapsed_time is not None
        assert all(other.elapsed_time is None for _, (other, _) in others)
        is_over = len(others) == 2
        for context, (_, of_other) in others:
            context.run(of_other.close)
        stack.close()
        if is_over:
            break
    assert lines > 5
    assert not any("error" in one for run in delivery.runs for one in run["stepRuns"])


def test_block_that_is_left_in_no_context_of_its_own_ends_the_last_step(pipeline, delivery):
    block = step("model")
    with pipeline.start():
        for _ in range(2):
            copy_context().run(block.__enter__)
        block.__exit__(None, None, None)
        block.__exit__(None, None, None)
        block.__exit__(None, None, None)
    assert [one.get("error") for one in delivery.steps] == [None, None]


def test_block_that_others_leave_at_once_outside_of_any_run_ends_each_step():
    """At any line of its end; which of them is whose is no matter there."""
    block = step("shared")
    tracing = sys.gettrace()

    for lines in range(15):
        steps = [block.__enter__(), block.__enter__()]
        try:
            sys.settrace(strike_after(lines, lambda: block.__exit__(None, None, None)))
            block.__exit__(None, None, None)
        finally:
            sys.settrace(tracing)
        block.__exit__(None, None, None)
        assert None not in [one.elapsed_time for one in steps]


def test_step_that_another_thread_has_just_left_is_not_left_again():
    """Whoever comes second, between the look for the innermost step and its removal, looks anew."""
    block = step("shared")
    steps = [block.__enter__(), block.__enter__()]

    def strike(frame, event, called):
        is_removal = getattr(called, "__name__", "") == "remove"
        if event == "c_call" and is_removal and frame.f_code.co_filename.endswith("step_block.py"):
            sys.setprofile(None)
            block.__exit__(None, None, None)

    profiling = sys.getprofile()
    try:
        sys.setprofile(strike)
        block.__exit__(None, None, None)
    finally:
        sys.setprofile(profiling)
    assert None not in [one.elapsed_time for one in steps]
