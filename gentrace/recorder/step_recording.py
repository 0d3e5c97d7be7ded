"""The life of one step: it starts, is current, ends once, and leaves its JSON text in the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import ref

from gentrace.recorder.clock import format_time, monotonic_time, wall_time
from gentrace.recorder.context import Scope
from gentrace.recorder.encoding import (
    as_text,
    encode_content,
    encode_text,
    error_text,
    truncate_error,
)
from gentrace.recorder.logs import log_failure
from gentrace.recorder.steps import Step

if TYPE_CHECKING:
    from typing import Self

    from gentrace.recorder.parameters import StepParameters
    from gentrace.recorder.run_buffer import RunBuffer

NOT_FINISHED = "not finished"
"""The error of a step that is open when its run ends."""


class StepRecording(Step):
    """A step with what records it.

    Attributes:
        scope: what is current inside of it, while it is; None outside of any run.

    Args:
        parameters: what the step was asked for with; its content is captured now.
        inputs: what it is given, captured now too; None leaves it out.
        run: the run that it belongs to; None outside of any that is open.
        buffer: what that run has recorded.

    """

    def __init__(
        self, parameters: StepParameters, inputs: object, run: object, buffer: RunBuffer | None
    ) -> None:
        super().__init__(
            parameters.provider, parameters.invocation, parameters.model_params, inputs
        )
        self._run = run  # kept alive as long as one of its steps is open
        self._buffer: RunBuffer | None = None
        self._index: int | None = None
        self.scope: Scope | None = None
        self._started = wall_time()
        self._started_monotonic = monotonic_time()
        self._scope_references: Any = None
        if buffer is None:
            return
        self._scope_references = ref(run), ref(buffer), ref(self)
        if buffer.is_recording:
            self._buffer = buffer
            self._capture(buffer)
            self._index = buffer.open_step(self._end_unfinished)

    def enter(self) -> None:
        """Make the step current in this context."""
        if self._scope_references is not None:
            # A new one each time: a context that was copied meanwhile keeps the one before.
            self.scope = Scope(*self._scope_references)

    def leave(self) -> None:
        """Make current again what was before."""
        scope, self.scope = self.scope, None
        if scope is not None:
            scope.leave()

    def finish(self, error: BaseException | None = None) -> None:
        """End the step, if it has not ended; `error` is the exception that leaves it."""
        try:
            text = None if error is None else error_text(error)
            self._end(self.error if text is None else text)
        except Exception as problem:  # noqa: BLE001 - nothing here may disturb the program
            log_failure("a step", problem)

    def _end_unfinished(self, buffer: RunBuffer, index: int) -> None:
        """End the step as its run ends.

        One that is ending elsewhere is not waited for: it is kept with what was captured so far.
        """
        if self._elapsed_time is None:
            self._end(NOT_FINISHED)
        else:
            buffer.close_step(
                index, self._started, self._encode(self._elapsed_microseconds()), NOT_FINISHED
            )

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
        elif text is not None:
            text = truncate_error(text)
        self.error = text
        self._run = self._buffer = None

    def __copy__(self) -> Self:
        """Return the step itself, which is one thing that happens."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return the step itself, which is one thing that happens."""
        return self

    def _elapsed_microseconds(self) -> int:
        """Return the microseconds since the step started."""
        return max(0, monotonic_time() - self._started_monotonic)

    def _encode(self, elapsed: int) -> bytes:
        """Return the JSON text of the step with what was captured of it, but for its error."""
        parts = list(self._captured.values())
        if self.invocation is not None:
            parts.insert(0, b'"invocation":' + encode_text(self.invocation))
        if self.provider is not None:
            parts.insert(0, b'"name":' + encode_text(self.provider))
        start, end = format_time(self._started), format_time(self._started + elapsed)
        milliseconds = _to_milliseconds(elapsed)
        times = f'"elapsedTime":{milliseconds},"startTime":"{start}","endTime":"{end}"}}'
        before = b'{"provider":{%b},' % b",".join(parts) if parts else b"{"
        return before + times.encode()

    def _capture(self, buffer: RunBuffer) -> None:
        """Take the content as it is now, but for what was taken before."""
        captured = self._captured
        for name, value in (
            ("modelParams", self._model_params),
            ("inputs", self._inputs),
            ("outputs", self.outputs),
        ):
            if value is not None and name not in captured:
                captured[name] = encode_content(name, value, buffer.dumps)


def _to_milliseconds(microseconds: int) -> int:
    return (microseconds + 500) // 1_000
