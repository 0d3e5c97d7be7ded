"""A mask sees each step before anything else does, and what it leaves is all that goes on."""

import asyncio
import logging

import pytest
from support.recording import InMemory, reason_of

from gentrace.recorder import Pipeline, step

SECRETS = [f"sk-secret-{number:04}" for number in range(1_000)]


def hide(value):
    """Replace secrets wherever they are."""
    if isinstance(value, dict):
        return {hide(key): hide(item) for key, item in value.items()}
    if isinstance(value, list):
        return [hide(item) for item in value]
    if isinstance(value, str) and "sk-secret-" in value:
        head, _, tail = value.partition("sk-secret-")
        return f"{head}***{hide(tail[4:])}"
    return value


@step
def call(secret, **more):  # noqa: ARG001
    return {"answer": f"it is {secret}"}


@step
def generate(secret):
    yield secret
    yield {secret: [secret]}


@step
def fail(secret):
    raise ValueError(f"{'x' * 980} {secret}")


def test_1000_secrets_of_every_place_are_seen_nowhere(caplog):
    caplog.set_level(logging.DEBUG)
    delivery = InMemory(mask=hide)
    for start in range(0, 1_000, 10):
        secrets = SECRETS[start : start + 10]
        with (  # noqa: PT012
            pytest.raises(ValueError, match="sk-secret"),
            Pipeline("a", delivery=delivery).start() as run,
        ):
            call(secrets[0], key=secrets[1])
            list(generate(secrets[2]))
            with run.step("a", model_params={"key": secrets[3]}, inputs=secrets[4]) as one:
                one.outputs = {"deep": [{"key": secrets[5]}]}
                one.error = secrets[6]
            assert "secret" not in one.error
            run.add_step_run({"provider": {"outputs": {"a": secrets[7]}}, "extra": secrets[8]})
            fail(secrets[9])
        assert "secret" not in run.error
    assert len(delivery.runs) == 100
    assert b"sk-secret" not in b"".join(delivery.bodies)
    assert b"***" in delivery.bodies[0]
    assert "secret" not in caplog.text


def test_error_is_masked_before_it_is_cut():
    """A secret that the cut would go through is hidden first."""
    delivery = InMemory(mask=hide)
    with pytest.raises(ValueError, match="x"), Pipeline("a", delivery=delivery).start():
        fail(SECRETS[0])
    assert delivery.runs[0]["error"] == delivery.steps[0]["error"]
    assert delivery.runs[0]["error"].endswith("x ***")


@pytest.mark.parametrize(("off", "sample_rate"), [("disabled", 1), (None, 0)])
def test_mask_gets_nothing_of_a_run_that_goes_nowhere(off, sample_rate):
    seen = []
    delivery = InMemory(mask=seen.append, off=off)
    with Pipeline("a", delivery=delivery, sample_rate=sample_rate).start() as run:
        run.error = "x"
        run.add_step_run({})
        with run.step("a"):
            pass
    assert seen == []


def test_text_that_utf8_cannot_encode_is_replaced_before_the_mask():
    """Such as half of an emoji of a stream, which an exception quotes."""
    seen = []

    def mask(one):
        seen.append(one.get("error"))
        return one

    delivery = InMemory(mask=mask)
    with Pipeline("a", delivery=delivery).start() as run:
        with pytest.raises(ValueError, match="x"), run.step("a"):
            raise ValueError("x\ud83d")
        with run.step("b") as one:
            one.error = "y\udce9"
        run.error = "z\udce9"
    assert seen == ["ValueError: x\ufffd", "y\ufffd", "z\ufffd"]
    (found,) = delivery.runs
    assert [*(one["error"] for one in found["stepRuns"]), found["error"]] == seen


def test_what_a_mask_calls_is_not_recorded():
    """Or the mask of its steps would start further ones, without end."""
    outer = InMemory()
    pipeline = Pipeline("redact", delivery=outer)

    @pipeline.traced
    @step("redactor")
    def redact(one):
        return {**one, "seen": True}

    delivery = InMemory(mask=redact)
    with Pipeline("a", delivery=delivery).start() as run:
        with run.step("b"):
            pass
        with run.step("c"):
            pass
    names = [one["provider"]["name"] for one in delivery.steps]
    assert names == ["b", "c"]
    assert all(one["seen"] for one in delivery.steps)
    assert outer.runs == []


@pytest.mark.parametrize("error", [asyncio.CancelledError, GeneratorExit, BaseException])
def test_mask_raises_nothing_into_the_program(error):
    def mask(_):
        raise error

    delivery = InMemory(mask=mask)
    with Pipeline("a", delivery=delivery).start() as run, run.step("b"):
        pass
    assert delivery.runs == []


def test_mask_gets_a_plain_dict_in_wire_names_that_it_may_change():
    seen = []

    def mask(one):
        seen.append(dict(one))
        one.get("provider", {}).clear()
        one["modified"] = True
        return one

    delivery = InMemory(mask=mask)
    with Pipeline("a", delivery=delivery).start() as run:
        with run.step("a", model_params={"b": 1}, inputs=(1,)):
            pass
        run.error = "bad"
    assert set(seen[0]) == {"provider", "elapsedTime", "startTime", "endTime"}
    assert seen[1] == {"error": "bad"}
    assert delivery.steps[0]["provider"] == {}
    assert delivery.steps[0]["modified"] is True
    assert "modified" not in delivery.runs[0]


@pytest.mark.parametrize("with_null", [False, True])
def test_error_that_the_mask_takes_away_is_none(with_null):
    def mask(one):
        kept = {k: v for k, v in one.items() if k != "error"}
        return kept | {"error": None} if with_null else kept

    delivery = InMemory(mask=mask)
    with pytest.raises(ValueError, match="x"), Pipeline("a", delivery=delivery).start() as run:
        fail("a")
    assert run.error is None
    assert "error" not in delivery.runs[0]
    assert "error" not in delivery.steps[0]


def test_step_without_an_error_gets_none_from_a_mask_that_masks_it_always():
    delivery = InMemory(mask=lambda one: {**one, "error": one.get("error")})
    with Pipeline("a", delivery=delivery).start() as run, run.step("a"):
        pass
    assert "error" not in delivery.steps[0]


def test_error_that_the_mask_makes_something_else_is_kept():
    delivery = InMemory(mask=lambda one: {**one, "error": {"code": 5}})
    with Pipeline("a", delivery=delivery).start() as run:
        with run.step("a") as one:
            pass
        run.error = "bad"
    assert one.error is None
    assert delivery.steps[0]["error"] == {"code": 5}
    assert run.error == delivery.runs[0]["error"] == '{"code":5}'


def test_error_of_a_step_that_was_measured_elsewhere_stays_whole():
    delivery = InMemory(mask=lambda one: one)
    with Pipeline("a", delivery=delivery).start() as run:
        run.add_step_run({"error": "e" * 5_000})
    assert delivery.steps[0]["error"] == "e" * 5_000


def _raise(_):
    raise RuntimeError(SECRETS[0])


@pytest.mark.parametrize(
    "mask", [_raise, lambda _: None, lambda _: 5, lambda _: {"provider": 5}], ids=range(4)
)
@pytest.mark.parametrize("place", ["step", "added", "open", "error"])
def test_mask_that_fails_drops_the_run(mask, place, caplog):
    delivery = InMemory(mask=mask)
    with Pipeline("a", delivery=delivery).start() as run:
        if place == "step":
            with run.step("a", inputs=SECRETS[0]):
                pass
        elif place == "added":
            run.add_step_run({"provider": {"name": SECRETS[0]}})
        elif place == "open":
            block = run.step(SECRETS[0])
            block.__enter__()
        else:
            delivery.mask = _raise
            run.error = SECRETS[0]
    assert reason_of(run.receipt) == "mask_failed"
    assert (delivery.bodies, delivery.drops) == ([], ["mask_failed"])
    assert "secret" not in caplog.text


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("place", ["step", "added", "error"])
def test_interrupt_in_a_mask_passes_through_and_drops_the_run(kind, place):
    def mask(_):
        raise kind

    delivery = InMemory(mask=mask)
    with pytest.raises(kind), Pipeline("a", delivery=delivery).start() as run:  # noqa: PT012
        if place == "step":
            with run.step("a"):
                pass
        elif place == "added":
            run.add_step_run({})
        else:
            run.error = "bad"
    assert reason_of(run.receipt) == "mask_failed"
    assert (delivery.bodies, delivery.drops) == ([], ["mask_failed"])
