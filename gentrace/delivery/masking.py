"""Applying a mask: the user's function that sees each step before anything else does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gentrace.exceptions import ApiTypeError, ApiValueError
from gentrace.model.step_run import StepRun
from gentrace.schemas import REQUEST_RULES, ObjectSchema, Rules
from gentrace.schemas.user_code import run_user_code

if TYPE_CHECKING:
    from gentrace.model.pipeline_run_request import PipelineRunRequest

Mask = Callable[[dict[str, Any]], dict[str, Any]]
"""Gets a step as a plain dict in wire names, which it may change; returns what is kept."""

STEP = ObjectSchema(StepRun)


class MaskFailedError(Exception):
    """The mask raised an exception, or returned no valid step: the run must not be sent."""


def mask_step(mask: Mask, step: dict[str, Any], rules: Rules = REQUEST_RULES) -> dict[str, Any]:
    """Return a step as the mask leaves it, in wire names, checked as by a call.

    Args:
        mask: the user's function; it gets `step` itself, and may change it.
        step: the step as a plain dict in wire names.
        rules: how the result is checked.

    Raises:
        MaskFailedError: it raised an exception, or returned no valid step.

    """
    is_null = step.get("error", "") is None  # as a program may give it to `submit`
    masked = _call(mask, step)
    try:
        checked = STEP.check(masked, rules)
    except (ApiTypeError, ApiValueError, UserWarning):  # of a near miss, where warnings are errors
        # Without the cause: its text may show what was to be masked.
        raise MaskFailedError from None
    kept = checked.to_dict()
    if kept.get("error") is None and not is_null:
        kept.pop("error", None)  # such as of a mask that masks `step.get("error")` always
    return kept


def mask_run(mask: Mask, run: PipelineRunRequest, rules: Rules) -> dict[str, Any]:
    """Return a checked run with its steps and its own error masked; other properties stay.

    Args:
        mask: the user's function.
        run: the run.
        rules: how masked steps are checked.

    Raises:
        MaskFailedError: the mask raised an exception, or returned no valid step.

    """
    masked = run.to_dict()
    if "stepRuns" in masked:  # the check for required properties may be disabled
        masked["stepRuns"] = [mask_step(mask, step, rules) for step in masked["stepRuns"]]
    if masked.get("error") is not None:
        error = mask_step(mask, {"error": masked.pop("error")}, rules).get("error")
        if error is not None:
            masked["error"] = error
    return masked


def _call(mask: Mask, step: dict[str, Any]) -> object:
    try:
        # As user code: steps and runs that it starts are not recorded, or there might be no end.
        return run_user_code(mask, step)
    except Exception:  # noqa: BLE001 - the user's code raises anything, whose text may show the step
        raise MaskFailedError from None
