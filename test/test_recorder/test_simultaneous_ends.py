"""A step that is ending in one thread, or was interrupted there, while its run ends in another."""

import threading

import pytest
from support.recording import InMemory

from gentrace.recorder import Pipeline


class Gate:
    """Where one thread waits until another lets it go on."""

    def __init__(self):
        self.reached = threading.Event()
        self.opened = threading.Event()

    def wait(self):
        """Wait here, the first time."""
        if not self.reached.is_set():
            self.reached.set()
            assert self.opened.wait(timeout=60)


class Waits:
    """What waits while it is encoded."""

    def __init__(self, gate):
        self.gate = gate

    def __repr__(self):
        self.gate.wait()
        return "late"


def submit_while_a_step_ends(delivery, gate, outputs):
    """End a run while the end of its only step waits at the gate."""

    def work():
        with run.step("openai", invocation="create", inputs={"a": 1}) as one:
            one.outputs = outputs

    run = Pipeline("a", delivery=delivery).start()
    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert gate.reached.wait(timeout=60)
        run.submit()
        assert len(delivery.bodies) == 1
    finally:
        gate.opened.set()
        thread.join()


def check_unfinished(delivery):
    """Check that the only step of the only run is kept as one that has not finished."""
    (found,) = delivery.steps
    assert found["error"] == "not finished"
    assert found["provider"]["name"] == "openai"
    assert found["provider"]["invocation"] == "create"
    assert found["provider"]["inputs"] == {"a": 1}
    assert found["startTime"] <= found["endTime"]
    assert found["elapsedTime"] >= 0


def test_step_that_is_being_encoded_when_its_run_ends_is_not_finished():
    delivery, gate = InMemory(), Gate()
    submit_while_a_step_ends(delivery, gate, Waits(gate))
    check_unfinished(delivery)
    assert "outputs" not in delivery.providers[0]


def test_step_that_is_being_masked_when_its_run_ends_is_not_finished():
    """Its error goes through the mask too."""
    gate = Gate()
    masked = []

    def mask(one):
        masked.append(one.get("error"))
        gate.wait()
        return one

    delivery = InMemory(mask=mask)
    submit_while_a_step_ends(delivery, gate, {"b": 2})
    check_unfinished(delivery)
    assert masked == [None, "not finished"]


def test_run_that_a_mask_ends_keeps_the_step_once():
    ends = []

    def mask(one):
        if not ends:
            ends.append(1)
            run.submit()
        return one

    delivery = InMemory(mask=mask)
    run = Pipeline("a", delivery=delivery).start()
    with run.step("openai", invocation="create", inputs={"a": 1}):
        pass
    check_unfinished(delivery)


def test_step_whose_end_is_interrupted_is_not_finished(pipeline, delivery):
    class Interrupted:
        def __repr__(self):
            raise KeyboardInterrupt

    with (
        pytest.raises(KeyboardInterrupt),
        pipeline.start() as run,
        run.step("openai", invocation="create", inputs={"a": 1}) as one,
    ):
        one.outputs = Interrupted()
    check_unfinished(delivery)
