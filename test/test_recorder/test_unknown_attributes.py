"""Attributes that the program sets on a step or a run, but that these do not have."""

import logging
from itertools import count
from threading import Barrier
from time import sleep

import pytest
from support.together import run_together

from gentrace.recorder import current_step, step

numbers = count()


@pytest.fixture
def warnings(caplog):
    """What the logger `gentrace` has warned of so far."""
    caplog.set_level(logging.DEBUG, "gentrace")
    return lambda: [record.getMessage() for record in caplog.records]


@pytest.fixture
def misspelt():
    """A name near `outputs` that this process has not seen: each is warned of once."""
    return f"outputs{next(numbers)}"


def test_misspelt_attribute_of_a_step_is_warned_of_once(pipeline, delivery, warnings, misspelt):
    with pipeline.start() as run:
        for _ in range(2):
            with run.step("a") as one:
                setattr(one, misspelt, {"b": 1})
                one.outputs = {"c": 1}
    assert warnings() == [
        f"Step has no '{misspelt}', so it is not recorded: did you mean 'outputs'?"
    ]
    assert delivery.providers == [{"name": "a", "outputs": {"c": 1}}] * 2


def test_misspelt_attribute_is_warned_of_once_by_threads_together(pipeline, warnings, misspelt):
    """Though the handler of the first one takes its time."""
    together = Barrier(8)
    logger = logging.getLogger("gentrace")
    slow = logging.Handler()
    slow.emit = lambda _: sleep(0.05)

    def record():
        with pipeline.start() as run, run.step("a") as one:
            setattr(one, misspelt, 1)
            together.wait(30)

    logger.addHandler(slow)
    try:
        run_together(8, record)
    finally:
        logger.removeHandler(slow)
    assert len(warnings()) == 1


def test_misspelt_attribute_of_a_decorated_function_is_warned_of(pipeline, warnings, misspelt):
    @step
    def answer():
        setattr(current_step(), misspelt, 1)

    with pipeline.start():
        answer()
    assert warnings() == [
        f"Step has no '{misspelt}', so it is not recorded: did you mean 'outputs'?"
    ]


def test_misspelt_attribute_of_a_run_is_warned_of(pipeline, delivery, warnings):
    misspelt = f"error{next(numbers)}"
    with pipeline.start() as run:
        setattr(run, misspelt, "failed")
    assert warnings() == [
        f"PipelineRun has no '{misspelt}', so it is not recorded: did you mean 'error'?"
    ]
    assert "error" not in delivery.runs[0]


def test_name_like_no_other_is_warned_of_without_a_hint(pipeline, warnings):
    name = f"zzz{next(numbers)}"
    with pipeline.start() as run, run.step("a") as one:
        setattr(one, name, 1)
    assert warnings() == [f"Step has no '{name}', so it is not recorded"]


def test_private_attributes_and_steps_that_are_not_recorded_are_not_warned_of(
    pipeline, warnings, misspelt
):
    with pipeline.start() as run, run.step("a", model_params=1, inputs=2) as one:
        vars(run)["_own"] = vars(one)["_own"] = 1
        run.error = one.outputs = one.error = one.invocation = "x"
    with step("a") as one:
        setattr(one, misspelt, 1)
    assert warnings() == []
