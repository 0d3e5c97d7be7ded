"""The life of one step: it starts, is current, ends once, and leaves its JSON text in the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gentrace.recorder.clock import Stopwatch, in_milliseconds
from gentrace.recorder.context import Scope, enter, leave
from gentrace.recorder.encoding import (
    encode_object,
    encode_step,
    encode_text,
    text_of,
    text_of_error,
)
from gentrace.recorder.reports import report
from gentrace.recorder.steps import Step

if TYPE_CHECKING:
    from gentrace.recorder.ledger import Ledger

NOT_FINISHED = "not finished"
"""The error of a step that is open when its run ends."""


@dataclass(slots=True)
class StepParameters:
    """What `step(...)` was called with; see `PipelineRun.step`."""

    provider: str | None = None
    invocation: str | None = None
    model_params: object = None
    inputs: object = None
    capture_inputs: bool = True
    capture_outputs: bool = True


class StepRecording:
    """One step from its start to its end.

    Attributes:
        step: what the program sees of it.
        records: whether anything is kept of it: not outside of a run, nor in one that is left out.

    Args:
        parameters: what the step was asked for with.
        run: the run that it belongs to; None outside of any.
        ledger: what that run has recorded.

    """

    def __init__(self, parameters: StepParameters, run: object, ledger: Ledger | None) -> None:
        self._captured: dict[str, bytes] = {}
        self.step = Step(
            parameters.provider,
            parameters.invocation,
            parameters.model_params,
            parameters.inputs,
            captured=self._captured,
        )
        self._run = run  # kept alive as long as one of its steps is open
        self._ledger = ledger
        self._scope: Scope | None = None
        self._outer: Scope | None = None
        self._record = None
        self.records = False
        self._stopwatch = Stopwatch()
        if ledger is None or not ledger.is_open():
            return
        self._scope = Scope(run, ledger, self.step)
        if ledger.records:
            self.records = True
            self._capture("modelParams", "model_params", parameters.model_params)
            self._capture("inputs", "input", parameters.inputs)
            self._record = ledger.open_step(self._stopwatch.started, self._abandon)

    def capture_inputs(self, inputs: dict[str, Any]) -> None:
        """Take inputs as they are now; a later change of them is not seen."""
        self.step.inputs = inputs
        self._capture("inputs", "input", inputs)

    def _capture(self, wire_name: str, name: str, value: object) -> None:
        if value is not None:
            self._captured[wire_name] = encode_object(name, value)

    def enter(self) -> None:
        """Make the step current in this context."""
        if self._scope is not None:
            self._outer = enter(self._scope)

    def leave(self) -> None:
        """Make current again what was before."""
        if self._scope is not None:
            leave(self._scope, self._outer)
            self._outer = None

    def finish(self, error: BaseException | None = None) -> None:
        """End the step, if it has not ended; `error` is the exception that leaves it."""
        try:
            text = None if error is None else text_of_error(error)
            self._end(text if text is not None else self.step.error)
        except Exception as problem:  # noqa: BLE001 - nothing here may disturb the program
            report("a step", problem)

    def _abandon(self) -> None:
        self._end(NOT_FINISHED)

    def _end(self, error: object) -> None:
        step, record, ledger = self.step, self._record, self._ledger
        if step.elapsed_time is not None:
            return
        elapsed = self._stopwatch.elapsed()
        step.elapsed_time = in_milliseconds(elapsed)
        text = None if error is None else text_of(error)
        if record is not None and ledger is not None and ledger.is_here():
            text = ledger.close_step(record, lambda error: self._encode(elapsed, error), text)
        step.error = text
        self._run = self._ledger = self._record = None

    def _encode(self, elapsed: int, error: str | None) -> bytes:
        step = self.step
        provider: dict[str, bytes] = {}
        if step.provider is not None:
            provider["name"] = encode_text(step.provider)
        if step.invocation is not None:
            provider["invocation"] = encode_text(step.invocation)
        for wire_name, name, value in (
            ("modelParams", "model_params", step.model_params),
            ("inputs", "input", step.inputs),
            ("outputs", "output", step.outputs),
        ):
            text = self._captured.get(wire_name)
            if text is not None:
                provider[wire_name] = text
            elif value is not None:
                provider[wire_name] = encode_object(name, value)
        return encode_step(provider, self._stopwatch, elapsed, error)
