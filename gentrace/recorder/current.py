"""The current run and the current step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gentrace.recorder.context import current_scope

if TYPE_CHECKING:
    from gentrace.recorder.run import PipelineRun
    from gentrace.recorder.steps import Step


def current_run() -> PipelineRun | None:
    """Return the innermost open run of this context; None outside of any."""
    scope = current_scope()
    return None if scope is None else scope.run()


def current_step() -> Step | None:
    """Return the innermost step of this context, if it is open; None outside of any."""
    scope = current_scope()
    if scope is None or scope.step is None:
        return None
    step: Step | None = scope.step()
    return step if step is not None and step.elapsed_time is None else None
