"""A run: how it starts and ends, what its receipt says, and what of it is handed over."""

import asyncio
import copy
import gc
import json
import logging
import os
import subprocess
import sys
import threading
import tracemalloc
from types import SimpleNamespace

import pytest
from support.recording import InMemory, reason_of

from gentrace.delivery import DeliveryError, set_default_delivery
from gentrace.exceptions import ApiTypeError, ApiValueError
from gentrace.recorder import Pipeline, PipelineRun, current_run, step
from gentrace.schemas import find_encoder


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"name": 5}, ApiTypeError, "Pipeline: name: expected a string, got int 5"),
        ({"name": "\ud800"}, ApiValueError, "Pipeline: name: expected text that UTF-8 can carry"),
        ({"delivery": 5}, ApiTypeError, "Pipeline: delivery: expected a Delivery, got int"),
        ({"delivery": InMemory}, ApiTypeError, "Pipeline: delivery: expected a Delivery, got type"),
        (
            {"sample_rate": "1"},
            ApiTypeError,
            "Pipeline: sample_rate: expected a number from 0 to 1, got str",
        ),
        (
            {"sample_rate": True},
            ApiTypeError,
            "Pipeline: sample_rate: expected a number from 0 to 1, got bool",
        ),
        ({"sample_rate": 1.5}, ApiValueError, "Pipeline: sample_rate: expected a number from 0 to"),
        ({"sample_rate": -1}, ApiValueError, "Pipeline: sample_rate: expected a number from 0 to"),
        ({"sample_rate": float("nan")}, ApiValueError, "Pipeline: sample_rate: expected a number"),
    ],
)
def test_wrong_argument_of_a_pipeline_is_refused(arguments, kind, words):
    with pytest.raises(kind) as caught:
        Pipeline(**{"name": "a", **arguments})
    assert str(caught.value).startswith(words)


def test_block_hands_the_run_over(pipeline, delivery):
    with pipeline.start() as run:
        assert isinstance(run, PipelineRun)
        receipt = run.receipt
        assert not receipt.done()
        assert delivery.bodies == []
    assert run.receipt is receipt
    assert receipt.result(timeout=5) == "run 1"
    assert delivery.runs == [{"name": "answer-question", "stepRuns": []}]
    assert repr(run) == "<PipelineRun of 'answer-question'>"


def test_async_block_is_the_same(pipeline, delivery):
    async def main():
        async with pipeline.start() as run:
            assert current_run() is run
            async with run.step("openai") as one:
                one.outputs = {"a": 1}
        assert current_run() is None

    asyncio.run(main())
    assert delivery.providers == [{"name": "openai", "outputs": {"a": 1}}]


def test_run_ends_once(pipeline, delivery):
    with pipeline.start() as run:
        receipt = run.submit()
        assert current_run() is None
        assert run.submit() is receipt
        run.discard()
        with run.step("late"), step("later"):
            pass
        run.add_step_run({})
    with run:
        assert current_run() is None
    assert delivery.runs == [{"name": "answer-question", "stepRuns": []}]
    assert reason_of(receipt) == "run 1"


def test_error_that_leaves_the_block_passes_and_the_run_is_delivered(pipeline, delivery):
    error = ValueError("bad question")
    with pytest.raises(ValueError, match="bad question") as caught, pipeline.start() as run:  # noqa: SIM117
        with run.step("a"):
            raise error
    assert caught.value is error
    assert error.__cause__ is error.__context__ is None
    assert run.error == "ValueError: bad question"
    assert delivery.runs[0]["error"] == delivery.steps[0]["error"] == "ValueError: bad question"


def test_error_may_be_set_and_is_cut(pipeline, delivery):
    with pipeline.start() as run:
        assert run.error is None
        run.error = "x" * 1_001
    assert delivery.runs[0]["error"] == "x" * 1_000 + "…"
    with pipeline.start() as run:
        run.error = 5
    assert delivery.runs[1]["error"] == "5"


def test_discarded_run_goes_nowhere(pipeline, delivery):
    with pipeline.start() as run:
        first = run.receipt
        run.discard()
        run.discard()
    assert reason_of(first) == reason_of(run.submit()) == "discarded"
    with pipeline.start() as run:
        run.discard()
    assert reason_of(run.receipt) == "discarded"
    assert (delivery.bodies, delivery.drops) == ([], [])


def test_run_that_is_left_out_behaves_the_same(delivery):
    pipeline = Pipeline("a", delivery=delivery, sample_rate=0)
    with pytest.raises(ZeroDivisionError), pipeline.start() as run:  # noqa: PT012
        assert current_run() is run
        with step("a", inputs={"b": 1}) as one:
            one.outputs = {"c": 1}
            one.error = "x" * 2000
        assert one.elapsed_time >= 0
        assert one.error == "x" * 1000 + "…"
        with pytest.raises(ApiTypeError):
            run.add_step_run(5)
        run.add_step_run({})
        receipt = run.receipt
        _ = 1 / 0
    assert run.error == "ZeroDivisionError: division by zero"
    assert run.receipt is receipt
    assert reason_of(receipt) == "not_sampled"
    run = pipeline.start()
    run.discard()
    assert reason_of(run.receipt) == "not_sampled"
    assert (delivery.bodies, delivery.drops) == ([], [])


def test_sample_rate_is_the_part_that_is_recorded(delivery):
    pipeline = Pipeline("a", delivery=delivery, sample_rate=0.5)
    for _ in range(1_000):
        pipeline.start().submit()
    assert 350 < len(delivery.bodies) < 650


def test_sampling_leaves_random_numbers_alone(delivery):
    import random  # noqa: PLC0415 - of this test alone

    random.seed(5)
    expected = random.random()  # noqa: S311 - no secret
    random.seed(5)
    Pipeline("a", delivery=delivery, sample_rate=0.5).start().submit()
    assert random.random() == expected  # noqa: S311 - no secret


def test_delivery_that_is_off_takes_nothing():
    delivery = InMemory(off="disabled")
    with Pipeline("a", delivery=delivery, sample_rate=0).start() as run, run.step("a"):
        delivery.off = None
    assert reason_of(run.receipt) == "disabled"
    assert (delivery.bodies, delivery.drops) == ([], [])


def test_run_that_ends_while_disabled_goes_nowhere(pipeline, delivery, monkeypatch):
    with pipeline.start() as run, run.step("a", inputs="secret"):
        receipt = run.receipt
        monkeypatch.setenv("GENTRACE_DISABLED", "1")
    assert reason_of(receipt) == "disabled"
    assert (delivery.bodies, delivery.drops) == ([], [])


def test_default_delivery_is_that_of_the_start(delivery):
    pipeline = Pipeline("a")
    previous = set_default_delivery(delivery)
    try:
        run = pipeline.start()
    finally:
        set_default_delivery(previous)
    run.submit()
    assert len(delivery.bodies) == 1


class Broken(InMemory):
    def off_reason(self):
        raise OSError("secret")

    def enqueue(self, body, receipt):
        raise OSError("secret")


def test_delivery_that_raises_does_not_disturb_the_program(caplog):
    delivery = Broken()
    with Pipeline("a", delivery=delivery).start() as run:
        pass
    assert reason_of(run.receipt) == "disabled"
    delivery.off_reason = lambda: None
    with Pipeline("a", delivery=delivery).start() as run:
        receipt = run.receipt
    assert reason_of(receipt) == "discarded"
    assert [record.getMessage() for record in caplog.records] == [
        "a run was not recorded: OSError"
    ] * 2
    assert {record.name for record in caplog.records} == {"gentrace"}


def test_run_that_is_dropped_without_an_end_is_warned_about(pipeline, delivery, caplog):
    run = pipeline.start()
    receipt = run.receipt
    with run.step("a"):
        pass
    del run
    gc.collect()
    assert reason_of(receipt) == "discarded"
    assert "it was dropped without an end" in str(receipt.exception())
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("gentrace", logging.WARNING)
    assert record.getMessage() == (
        "a run of pipeline 'answer-question' was dropped without an end and is not delivered: "
        "use `with pipeline.start() as run`, or call run.submit()"
    )
    assert delivery.bodies == []


def test_run_that_is_left_out_or_ended_may_be_dropped(pipeline, delivery, caplog):
    left_out = Pipeline("a", delivery=delivery, sample_rate=0).start().receipt
    pipeline.start().submit()
    pipeline.start().discard()
    gc.collect()
    assert reason_of(left_out) == "not_sampled"
    assert caplog.records == []


@pytest.mark.parametrize("last", ["", "run.__enter__()"], ids=["started", "entered"])
def test_run_that_is_dropped_at_the_end_of_the_program_is_warned_about(root, last):
    script = f"""
from support.recording import InMemory
from gentrace.recorder import Pipeline
run = Pipeline("a", delivery=InMemory()).start()
{last}
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(root / "test"), *sys.path])}
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment,
    )
    assert done.returncode == 0
    assert done.stderr.startswith("a run of pipeline 'a' was dropped without an end")
    assert done.stderr.count("\n") == 1


def test_steps_of_any_thread_are_kept_in_the_order_of_their_starts(pipeline, delivery):
    def work(name):
        with run.step(name):
            barrier.wait(timeout=60)

    with pipeline.start() as run:
        barrier = threading.Barrier(3)
        threads = [threading.Thread(target=work, args=(name,)) for name in ("a", "b")]
        for thread in threads:
            thread.start()
        with run.step("c"):
            barrier.wait(timeout=60)
            for thread in threads:
                thread.join()
    starts = [one["startTime"] for one in delivery.steps]
    assert starts == sorted(starts)
    assert {provider["name"] for provider in delivery.providers} == {"a", "b", "c"}


def test_receipt_is_one_for_all_threads(pipeline):
    run = pipeline.start()
    barrier = threading.Barrier(8)
    receipts = []

    def ask():
        barrier.wait(timeout=60)
        receipts.append(run.receipt)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receipts) == 8
    assert set(receipts) == {run.submit()}


def test_open_steps_end_with_the_run(pipeline, delivery):
    """One that ends later is ignored."""
    with pipeline.start() as run:
        block = run.step("a")
        one = block.__enter__()
        one.outputs = {"b": 1}
        one.error = "mine"
    assert one.elapsed_time is not None
    assert one.error == "not finished"
    one.outputs = {"b": 2}
    block.__exit__(None, ValueError("late"), None)
    assert one.error == "not finished"
    (found,) = delivery.steps
    assert found["error"] == "not finished"
    assert found["provider"] == {"name": "a", "outputs": {"b": 1}}


def test_run_that_was_handed_over_keeps_no_content(pipeline, delivery):
    tracemalloc.start()
    try:
        with pipeline.start() as run, run.step("a") as one:
            one.outputs = "x" * 500_000
        one = None
        delivery.bodies.clear()
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak > 1_000_000
    assert held < 100_000
    assert run.receipt.done()


def test_reason_of_a_run_that_goes_nowhere_is_an_error(pipeline):
    run = pipeline.start()
    run.discard()
    with pytest.raises(DeliveryError, match="discarded"):
        run.receipt.result(timeout=5)


@pytest.mark.parametrize(("setting", "calls"), [("auto", True), ("json", False)])
def test_json_encoder_is_that_of_the_deliverys_client(
    pipeline, delivery, monkeypatch, setting, calls
):
    written = []

    def dumps(value, *_):
        written.append(value)
        return json.dumps(value).encode()

    monkeypatch.setitem(
        sys.modules,
        "orjson",
        SimpleNamespace(dumps=dumps, OPT_PASSTHROUGH_DATACLASS=1, OPT_PASSTHROUGH_DATETIME=2),
    )
    delivery.api_client.configuration.json_encoder = setting
    find_encoder.cache_clear()
    try:
        with pipeline.start() as run, run.step("openai", inputs={"question": 1}) as step:
            step.outputs = "x" * 2**21
    finally:
        find_encoder.cache_clear()
    assert bool(written) is calls
    assert delivery.providers[0]["inputs"] == {"question": 1}


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_copy_of_a_run_or_step_is_the_same(copied, pipeline, delivery):
    """Which a copy that is dropped would end."""
    with pipeline.start() as run, run.step() as one:
        assert copied(run) is run
        assert copied(one) is one
    assert len(delivery.runs) == 1
