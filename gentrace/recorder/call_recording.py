"""A step that is one call of a decorated function: its arguments and what it gives are captured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gentrace.recorder.encoding import encode_object
from gentrace.recorder.reports import report
from gentrace.recorder.step_recording import StepRecording

if TYPE_CHECKING:
    from gentrace.recorder.ledger import Ledger
    from gentrace.recorder.step_recording import StepParameters

MAX_ITEMS = 1_000
"""How many items of a generator are kept."""

MAX_ITEM_BYTES = 256 * 2**10
"""How many bytes of JSON the items of a generator have at most."""


class CallRecording(StepRecording):
    """The step of one call of a decorated function.

    Args:
        parameters: what the decorator was called with, names filled in.
        run: the run that it belongs to.
        ledger: what that run has recorded.
        yields: whether the function is a generator, whose outputs are what it yields.

    """

    def __init__(
        self, parameters: StepParameters, run: object, ledger: Ledger, *, yields: bool
    ) -> None:
        super().__init__(parameters, run, ledger)
        self._captures_outputs = self.records and parameters.capture_outputs
        self._items: list[bytes] | None = [] if yields and self._captures_outputs else None
        self._item_bytes = 0

    def take_item(self, item: object) -> None:
        """Keep what a generator yielded as it is now, within bounds."""
        if self._items is None or not self._captures_outputs:
            return
        try:
            text = encode_object("output", [item])[len(_BEFORE) : -len(_AFTER)]
            self._item_bytes += len(text) + 1
            if len(self._items) >= MAX_ITEMS or self._item_bytes > MAX_ITEM_BYTES:
                text = _CUT
                self._captures_outputs = False
            self._items.append(text)
        except Exception as error:  # noqa: BLE001 - nothing here may disturb the program
            report("an item of a generator", error)

    def take_result(self, result: object) -> None:
        """Keep what the function returned, unless it set the outputs itself."""
        if self._captures_outputs and self.step.outputs is None:
            self.step.outputs = {"output": None} if result is None else result

    def _end(self, error: object) -> None:
        if self._items is not None and self.step.outputs is None:
            self._captured["outputs"] = _BEFORE + b",".join(self._items) + _AFTER
        super()._end(error)


_BEFORE, _AFTER = b'{"output":[', b"]}"
_CUT = '"…"'.encode()
