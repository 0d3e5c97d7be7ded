"""The step of one call of a decorated function: its arguments and results are captured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gentrace.recorder.step_recording import StepRecording
from gentrace.schemas import encode_json_value

if TYPE_CHECKING:
    from gentrace.recorder.parameters import StepParameters
    from gentrace.recorder.run_buffer import RunBuffer

MAX_ITEMS = 1_000
"""How many items of a generator are recorded."""

MAX_ITEMS_BYTES = 256 * 2**10
"""The byte budget for the JSON texts of the items of a generator."""


class CallRecording(StepRecording):
    """The step of one call of a decorated function.

    Args:
        parameters: the parameters of the decorator, with the names filled in.
        inputs: the arguments of the call; None leaves them out.
        run: the run of the step.
        buffer: the buffer of that run.
        yields: whether the function is a generator function; the items are the outputs then.

    """

    __slots__ = ("_captures_outputs", "_dumps", "_item_bytes", "_items")

    def __init__(
        self,
        parameters: StepParameters,
        inputs: object,
        run: object,
        buffer: RunBuffer,
        *,
        yields: bool,
    ) -> None:
        super().__init__(parameters, inputs, run, buffer)
        if yields and parameters.inputs is None:
            self._inputs = None  # a stream may take hours, and its arguments are captured
        self._captures_outputs = buffer.is_recording and parameters.capture_outputs
        self._dumps = buffer.dumps
        self._items: list[bytes] | None = [] if yields and self._captures_outputs else None
        self._item_bytes = 0

    def record_item(self, item: object) -> None:
        """Capture an item of a generator, within the limits."""
        if self._items is None or not self._captures_outputs:
            return
        text = encode_json_value([item], self._dumps)  # in a list, to be as deep as in the step
        text = text[1:-1] if text.startswith(b"[") else _ELLIPSIS
        self._item_bytes += len(text) + 1
        if len(self._items) >= MAX_ITEMS or self._item_bytes > MAX_ITEMS_BYTES:
            text = _ELLIPSIS
            self._captures_outputs = False
        self._items.append(text)

    def record_result(self, result: object) -> None:
        """Capture what the function returned, unless it set the outputs itself."""
        if self._captures_outputs and self.outputs is None:
            self.outputs = {"output": None} if result is None else result

    def _end(self, error: object) -> None:
        if self._items is not None and self.outputs is None:
            self._captured["outputs"] = b'"outputs":{"output":[%b]}' % b",".join(self._items)
        super()._end(error)


_ELLIPSIS = '"…"'.encode()
