"""The parameters of `step(...)`."""

from __future__ import annotations

from typing import Any, NamedTuple


class StepParameters(NamedTuple):
    """The parameters of `gentrace.step`, whose docstring gives the meaning of each."""

    provider: Any
    invocation: str | None
    model_params: object
    inputs: object
    capture_inputs: bool
    capture_outputs: bool
