"""What the caller's mask leaves of a step."""

from __future__ import annotations

from typing import Any

from gentrace.model.step_run import StepRun
from gentrace.schemas import REQUEST_RULES, ObjectSchema


class MaskFailedError(Exception):
    """The mask raised, or gave no step."""


def mask_step(mask: Any, step: dict[str, Any]) -> Any:
    """Return what the mask leaves of a step."""
    try:
        return ObjectSchema(StepRun).check(mask(step), REQUEST_RULES)
    except Exception as error:
        raise MaskFailedError from error


def mask_error(mask: Any, error: str) -> str | None:
    """Return the error of a run as the mask leaves it; None if it takes it away."""
    try:
        text = mask({"error": error}).get("error")
    except Exception:
        raise MaskFailedError from None
    if not (text is None or isinstance(text, str)):
        raise MaskFailedError
    return text
