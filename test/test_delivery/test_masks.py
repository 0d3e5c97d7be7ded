"""Masks: what they see, what is kept, and what happens where they fail."""

import json
import warnings

import pytest
from support.deliveries import delivering
from support.peers import Peer

from gentrace.delivery import DeliveryStats
from gentrace.delivery.masking import MaskFailedError, mask_step

STEP = {
    "provider": {"name": "a", "inputs": {"key": "SECRET"}},
    "error": "SECRET",
    "elapsed_time": 1,
}
RUN = {
    "name": "answer",
    "step_runs": [STEP, {"provider": {"name": "b"}}],
    "error": "SECRET",
    "x": 1,
}


def hide(value):
    if isinstance(value, dict):
        return {key: hide(item) for key, item in value.items()}
    if isinstance(value, list):
        return [hide(item) for item in value]
    return value.replace("SECRET", "***") if isinstance(value, str) else value


def test_a_mask_sees_each_step_and_the_runs_own_error_in_wire_names():
    seen = []

    def mask(step):
        seen.append(step)
        return hide(step)

    with Peer() as peer, delivering(peer, mask=mask) as delivery:
        assert delivery.mask is mask
        assert delivery.submit(RUN).result(30)
    assert seen == [
        {
            "provider": {"name": "a", "inputs": {"key": "SECRET"}},
            "error": "SECRET",
            "elapsedTime": 1,
        },
        {"provider": {"name": "b"}},
        {"error": "SECRET"},
    ]
    assert all(type(step) is dict for step in seen)
    assert b"SECRET" not in peer.received
    assert peer.requests[0].json()["error"] == "***"
    assert peer.requests[0].json()["x"] == 1


def test_where_a_setting_requires_nothing_masked_runs_may_lack_it_too():
    """A run its steps, and a step its provider."""
    settings = {"disabled_client_side_validations": "required"}
    runs = [{"name": "a", "error": "SECRET"}, {"step_runs": [{"error": "SECRET"}]}]
    with Peer() as peer, delivering(peer, None, settings, mask=hide) as delivery:
        for run in runs:
            assert delivery.submit(run).result(30)
    assert [request.json() for request in peer.requests] == [
        {"name": "a", "error": "***"},
        {"stepRuns": [{"error": "***"}]},
    ]


def test_a_mask_that_changes_its_copy_leaves_the_callers_step_alone():
    def mask(step):
        step.clear()
        return step

    step = {"elapsed_time": 3}
    with Peer() as peer, delivering(peer, mask=mask) as delivery:
        delivery.submit({"name": "answer", "step_runs": [step]}).result(30)
        assert step == {"elapsed_time": 3}
        assert peer.requests[0].json() == {"name": "answer", "stepRuns": [{}]}


@pytest.mark.parametrize("error", [{"message": ["SECRET"]}, ["SECRET"]])
def test_a_mask_sees_an_error_of_a_run_that_is_no_text(error):
    with Peer() as peer, delivering(peer, mask=hide) as delivery:
        delivery.submit({"name": "answer", "step_runs": [], "error": error}).result(30)
        delivery.submit({"name": "answer", "step_runs": [], "error": None}).result(30)
    first, second = (request.json() for request in peer.requests)
    assert first["error"] == json.loads(json.dumps(error).replace("SECRET", "***"))
    assert second["error"] is None


@pytest.mark.parametrize("answer", [{}, {"error": None}, {"else": 1}])
@pytest.mark.parametrize("error", ["words", {"message": "words"}])
def test_an_error_that_a_mask_takes_away_is_gone(answer, error):
    def mask(step):
        return answer if set(step) == {"error"} else step

    with Peer() as peer, delivering(peer, mask=mask) as delivery:
        delivery.submit({"name": "answer", "step_runs": [], "error": error}).result(30)
    assert "error" not in peer.requests[0].json()


@pytest.mark.parametrize("step", [{}, {"error": "words"}])
def test_an_error_of_a_step_that_a_mask_makes_null_is_gone(step):
    def mask(one):
        return one | {"error": None}

    with Peer() as peer, delivering(peer, mask=mask) as delivery:
        delivery.submit({"name": "answer", "step_runs": [step, {"error": None}]}).result(30)
    assert peer.requests[0].json()["stepRuns"] == [{}, {"error": None}]


def fail(step):
    raise ValueError(step["error"])


@pytest.mark.parametrize(
    "mask",
    [
        fail,
        lambda _: None,
        lambda _: "SECRET",
        lambda step: step | {"elapsedTime": "SECRET"},
        lambda step: [] if set(step) == {"error"} else step,
        # Warned about, where warnings are errors, as in these tests.
        lambda step: step | {"elapsedd_time": "SECRET"},
        lambda _: {"provider": {"input": "SECRET"}},
        lambda _: warnings.warn("SECRET", stacklevel=1),
    ],
)
def test_a_mask_that_fails_drops_the_run_and_nothing_of_it_goes_anywhere(mask, spool, caplog):
    with Peer() as peer, delivering(peer, mask=mask, spool=spool) as delivery:
        error = delivery.submit(RUN).exception(30)
        assert error.reason == "mask_failed"
        assert delivery.stats() == DeliveryStats(1, dropped={"mask_failed": 1})
        peer.wait(lambda: "mask_failed" in caplog.text)
        assert peer.requests == []
    assert "SECRET" not in caplog.text + str(error) + repr(error.__cause__) + repr(
        error.__context__
    )


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_in_a_mask_passes_through_and_the_run_is_dropped(kind):
    def mask(_):
        raise kind

    with Peer() as peer, delivering(peer, mask=mask) as delivery:
        with pytest.raises(kind):
            delivery.submit(RUN)
        assert delivery.stats().dropped == {"mask_failed": 1}


def test_secrets_are_in_no_file_of_the_spool(spool):
    with Peer() as peer, delivering(peer, mask=hide, spool=spool, workers=1) as delivery:
        for _ in range(100):
            delivery.submit(RUN)
        for path in spool.iterdir():
            assert b"SECRET" not in path.read_bytes()
        assert delivery.flush(30)


def test_a_mask_can_be_exchanged():
    with Peer() as peer, delivering(peer) as delivery:
        delivery.mask = hide
        delivery.submit(RUN).result(30)
        delivery.mask = None
        delivery.submit(RUN).result(30)
    assert [b"SECRET" in request.body for request in peer.requests] == [False, True]


def test_one_step_alone():
    assert mask_step(hide, {"error": "SECRET"}) == {"error": "***"}
    with pytest.raises(MaskFailedError):
        mask_step(fail, {"error": "SECRET"})
