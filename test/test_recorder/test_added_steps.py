"""Steps that were measured elsewhere: where they stand among those that are recorded."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.recording import InMemory

from gentrace.exceptions import ApiTypeError, ApiValueError
from gentrace.models import StepRun
from gentrace.recorder import Pipeline, clock


def test_added_steps_stand_where_their_start_says(pipeline, delivery):
    with pipeline.start() as run:
        with run.step("first"):
            pass
        run.add_step_run({"provider": {"name": "added"}})
        with run.step("second"):
            pass
        run.add_step_run(StepRun(provider={"name": "early"}, start_time="2000-01-01T00:00:00Z"))
        run.add_step_run({"provider": {"name": "last"}, "startTime": "2999-01-01T00:00:00Z"})
        run.add_step_run(
            {"provider": {"name": "earlier"}, "start_time": "1999-12-31T23:59:59+01:00"}
        )
        run.add_step_run({"provider": {"name": "same"}, "startTime": "2000-01-01T01:00:00+01:00"})
    names = [provider["name"] for provider in delivery.providers]
    assert names == ["earlier", "early", "same", "first", "added", "second", "last"]


@pytest.mark.parametrize("wrong", [5, {"elapsedTime": "1"}, {"provider": {"inputs": {1: 2}}}])
def test_added_step_is_checked_strictly(wrong, pipeline, delivery):
    with pipeline.start() as run, pytest.raises((ApiTypeError, ApiValueError)):
        run.add_step_run(wrong)
    assert delivery.steps == []


def test_many_added_steps_take_time_by_their_number(pipeline, delivery):
    """Not by its square: the run ends in the program's own thread."""
    seconds = []
    for number in (250, 4_000):
        run = pipeline.start()
        for place in range(number):
            run.add_step_run({"startTime": f"2024-01-01T01:{place // 60 % 60:02}:{place % 60:02}Z"})
        before = time.thread_time()
        run.submit()
        seconds.append(time.thread_time() - before)
    assert seconds[1] < 80 * max(seconds[0], 0.001)
    assert len(json.loads(delivery.bodies[-1])["stepRuns"]) == 4_000


_steps = st.tuples(st.sampled_from(["recorded", "added"]), st.none() | st.integers(0, 5))


@given(st.lists(_steps, max_size=12))
def test_added_step_stands_before_the_first_that_started_later(steps):
    """Whatever the clock did meanwhile; of two that started at once, the first comes first."""
    delivery = InMemory()
    places = []
    recorded = -1
    with pytest.MonkeyPatch.context() as patched, Pipeline("a", delivery=delivery).start() as run:
        for number, (kind, start) in enumerate(steps):
            name = str(number)
            if kind == "recorded":
                patched.setattr(clock, "time_ns", lambda start=start: (start or 0) * 10**9)
                with run.step(name):
                    pass
                recorded = max(recorded, start or 0)
                places.append(recorded)
            elif start is None:
                run.add_step_run({"provider": {"name": name}})
                places.append(max(places, default=-1))
            else:
                start_time = f"1970-01-01T00:00:{start:02}Z"
                run.add_step_run({"provider": {"name": name}, "start_time": start_time})
                places.append(start)
    expected = sorted(range(len(steps)), key=places.__getitem__)
    assert [int(provider["name"]) for provider in delivery.providers] == expected


def test_added_step_without_a_start_comes_after_those_so_far(pipeline, delivery):
    with pipeline.start() as run:
        run.add_step_run({"provider": {"name": "a"}, "startTime": "2000-01-01T00:00:00Z"})
        run.add_step_run({"provider": {"name": "b"}})
        run.add_step_run({"provider": {"name": "c"}, "startTime": "2000-01-01T00:00:01Z"})
        run.add_step_run({"provider": {"name": "d"}})
        with run.step("e"):
            pass
    assert [provider["name"] for provider in delivery.providers] == list("abcde")
