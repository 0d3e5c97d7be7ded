"""The recording of one step, from its start until its JSON text is in the buffer of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self
from weakref import ref

from gentrace.recorder.clock import format_time, monotonic_microseconds, wall_microseconds
from gentrace.recorder.context import Scope
from gentrace.recorder.encoding import (
    as_text,
    encode_content,
    encode_text,
    error_text,
    truncate_error,
)
from gentrace.recorder.logs import log_failure, warn_of_unknown_attributes
from gentrace.recorder.steps import Step

if TYPE_CHECKING:
    from gentrace.recorder.parameters import StepParameters
    from gentrace.recorder.run_buffer import RunBuffer

NOT_FINISHED = "not finished"
"""The error of a step that is still open when its run ends."""


class StepRecording(Step):
    """A step that records itself; its parameters and inputs are captured at once.

    Args:
        parameters: the parameters of `step(...)`.
        inputs: the inputs; None leaves them out.
        run: the run of the step; None outside of any open run.
        buffer: the buffer of that run; None outside of any open run.

    Attributes:
        scope: the scope of the step, while it is current; None otherwise, or outside of any run.

    """

    __slots__ = (
        "_buffer",
        "_index",
        "_run",
        "_scope_references",
        "_started",
        "_started_monotonic",
        "scope",
    )

    def __init__(
        self, parameters: StepParameters, inputs: object, run: object, buffer: RunBuffer | None
    ) -> None:
        super().__init__(
            parameters.provider, parameters.invocation, parameters.model_params, inputs
        )
        self._run = run  # kept alive while one of its steps is open
        self._buffer: RunBuffer | None = None
        self._index: int | None = None
        self.scope: Scope | None = None
        self._started = wall_microseconds()
        self._started_monotonic = monotonic_microseconds()
        self._scope_references: Any = None
        if buffer is None:
            return
        self._scope_references = ref(run), ref(buffer), ref(self)
        if buffer.is_recording:
            self._buffer = buffer
            self._capture(buffer)
            self._index = buffer.open_step(self._end_unfinished)

    def __enter__(self) -> Self:
        """Make the step current in this context."""
        self.enter()
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        """Make the previous scope current again, and end the step."""
        self.leave()
        self.finish(error)

    def enter(self) -> None:
        """Make the step current in this context."""
        if self._scope_references is not None:
            # A new scope each time, as a copy of the context may still have the last one.
            self.scope = Scope(*self._scope_references)

    def leave(self) -> None:
        """Make the previous scope current again."""
        scope, self.scope = self.scope, None
        if scope is not None:
            scope.leave()

    def finish(self, error: BaseException | None = None) -> None:
        """End the step, if it has not ended; `error` is the exception that left it."""
        try:
            text = None if error is None else error_text(error)
            self._end(self.error if text is None else text)
        except Exception as problem:  # noqa: BLE001 - nothing here may disturb the program
            log_failure("a step", problem)

    def _end_unfinished(self, buffer: RunBuffer, index: int) -> None:
        """End the step because its run ends.

        If another thread is just ending it, do not wait: store what was captured so far.
        """
        if self._elapsed_time is None:
            self._end(NOT_FINISHED)
        else:
            text = self._encode(self._elapsed_microseconds())
            buffer.close_step(index, self._started, text, NOT_FINISHED)

    def _end(self, error: object) -> None:
        if self._elapsed_time is not None:
            return
        elapsed = self._elapsed_microseconds()
        self._elapsed_time = _to_milliseconds(elapsed)
        text = None if error is None else as_text(error)
        buffer, index = self._buffer, self._index
        if buffer is not None and index is not None and buffer.in_own_process():
            self._capture(buffer)
            text = buffer.close_step(index, self._started, self._encode(elapsed), text)
            if self.__dict__:
                warn_of_unknown_attributes(self, Step)
        elif text is not None:
            text = truncate_error(text)
        self.error = text
        self._run = self._buffer = None

    def __copy__(self) -> Self:
        """Return the step itself: a step happens once and cannot be copied."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return the step itself: a step happens once and cannot be copied."""
        return self

    def _elapsed_microseconds(self) -> int:
        return max(0, monotonic_microseconds() - self._started_monotonic)

    def _encode(self, elapsed: int) -> bytes:
        """Return the JSON text of the step without its error; `elapsed` is in microseconds."""
        parts: list[bytes] = []
        if self.provider is not None:
            parts.append(b'"name":' + encode_text(self.provider))
        if self.invocation is not None:
            parts.append(b'"invocation":' + encode_text(self.invocation))
        parts += self._captured.values()
        start, end = format_time(self._started), format_time(self._started + elapsed)
        milliseconds = _to_milliseconds(elapsed)
        times = f'"elapsedTime":{milliseconds},"startTime":"{start}","endTime":"{end}"}}'
        before = b'{"provider":{%b},' % b",".join(parts) if parts else b"{"
        return before + times.encode()

    def _capture(self, buffer: RunBuffer) -> None:
        """Capture the content that was not captured before."""
        captured, dumps = self._captured, buffer.dumps
        if self._model_params is not None and "modelParams" not in captured:
            captured["modelParams"] = encode_content("modelParams", self._model_params, dumps)
        if self._inputs is not None and "inputs" not in captured:
            captured["inputs"] = encode_content("inputs", self._inputs, dumps)
        if self.outputs is not None and "outputs" not in captured:
            captured["outputs"] = encode_content("outputs", self.outputs, dumps)


def _to_milliseconds(microseconds: int) -> int:
    return (microseconds + 500) // 1_000
