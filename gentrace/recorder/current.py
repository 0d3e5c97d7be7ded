"""The run and the step that are current where it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gentrace.recorder.context import current_scope

if TYPE_CHECKING:
    from gentrace.recorder.run import PipelineRun
    from gentrace.recorder.steps import Step


def current_run() -> PipelineRun | None:
    """Return the run that is current here; None outside of any, and after it has ended."""
    scope = current_scope()
    ledger = None if scope is None else scope.ledger()
    run: PipelineRun | None = None if scope is None else scope.run()
    return run if ledger is not None and ledger.is_open() else None


def current_step() -> Step | None:
    """Return the innermost step that is open here; None outside of any."""
    scope = current_scope()
    if scope is None or scope.step is None:
        return None
    step: Step | None = scope.step()
    is_open = step is not None and step.elapsed_time is None and current_run() is not None
    return step if is_open else None
