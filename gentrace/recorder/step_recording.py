"""The life of one step: it starts, is current, ends once, and leaves its JSON text in the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gentrace.recorder.clock import Stopwatch, in_milliseconds
from gentrace.recorder.context import Scope, enter, leave
from gentrace.recorder.encoding import (
    encode_content,
    encode_step,
    encode_text,
    text_of,
    text_of_error,
)
from gentrace.recorder.reports import report
from gentrace.recorder.steps import Step

if TYPE_CHECKING:
    from gentrace.recorder.ledger import Ledger, Record

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

    Args:
        parameters: what the step was asked for with.
        run: the run that it belongs to; None outside of any.
        ledger: what that run has recorded.
        inputs: what it is given; None leaves it out.

    """

    def __init__(
        self, parameters: StepParameters, run: object, ledger: Ledger | None, inputs: object
    ) -> None:
        self._captured: dict[str, bytes] = {}
        self._ledger = ledger
        self._outer: Scope | None = None
        self._record: Record | None = None
        self._run = run  # kept alive as long as one of its steps is open
        self._scope: Scope | None = None
        self._stopwatch = Stopwatch()
        self.step = Step(
            parameters.provider,
            parameters.invocation,
            parameters.model_params,
            inputs,
            captured=self._captured,
        )
        if ledger is None or not ledger.is_open():
            return
        self._scope = Scope(run, ledger, self.step)
        if ledger.records:
            self._capture(ledger)
            self._record = ledger.open_step(self._stopwatch.started, self._abandon)

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
            text = ledger.close_step(
                record, lambda error: self._encode(ledger, elapsed, error), text
            )
        step.error = text
        self._run = self._ledger = self._record = None

    def _encode(self, ledger: Ledger, elapsed: int, error: str | None) -> bytes:
        step, dumps = self.step, ledger.dumps
        self._capture(ledger)
        provider = list(self._captured.values())
        if step.invocation is not None:
            provider.insert(0, b'"invocation":' + encode_text(step.invocation, dumps))
        if step.provider is not None:
            provider.insert(0, b'"name":' + encode_text(step.provider, dumps))
        return encode_step(provider, self._stopwatch, elapsed, error, dumps)

    def _capture(self, ledger: Ledger) -> None:
        """Take what the step holds as it is now, but for what was taken before."""
        step, captured = self.step, self._captured
        content: dict[str, object] = {}
        if step.model_params is not None and "modelParams" not in captured:
            content["modelParams"] = step.model_params
        if step.inputs is not None and "inputs" not in captured:
            content["inputs"] = step.inputs
        if step.outputs is not None and "outputs" not in captured:
            content["outputs"] = step.outputs
        if content:
            captured.update(encode_content(content, ledger.dumps))
