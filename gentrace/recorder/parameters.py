"""What `step(...)` is called with."""

from __future__ import annotations

from typing import Any, NamedTuple


class StepParameters(NamedTuple):
    """The parameters of `gentrace.step`, which says what each means."""

    provider: Any
    invocation: str | None
    model_params: object
    inputs: object
    capture_inputs: bool
    capture_outputs: bool
