"""The run and the step that are current where it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gentrace.recorder.context import current_scope

if TYPE_CHECKING:
    from gentrace.recorder.run import PipelineRun
    from gentrace.recorder.steps import Step


def current_run() -> PipelineRun | None:
    """Return the innermost run that is current and open here; None outside of any."""
    scope = current_scope()
    return None if scope is None else scope.run()


def current_step() -> Step | None:
    """Return the innermost step that is open here; None outside of any."""
    scope = current_scope()
    if scope is None or scope.step is None:
        return None
    step: Step | None = scope.step()
    return step if step is not None and step.elapsed_time is None else None
