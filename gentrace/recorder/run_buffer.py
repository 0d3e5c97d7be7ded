"""The buffer of a run: the JSON texts of its steps, until the run is handed over for delivery.

Nothing here blocks on a lock, as a finalizer or signal handler may record in the middle of any of
these methods. Atomic operations of dicts and lists are enough, and a lock that is acquired once and
never released marks the end of the run.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from json import loads
from math import inf
from operator import itemgetter
from threading import Lock
from typing import TYPE_CHECKING, Any

from gentrace.delivery.masking import Mask, MaskFailedError, mask_step
from gentrace.process import current_process
from gentrace.recorder.encoding import as_text, encode_text, truncate_error
from gentrace.recorder.truncation import truncate_step
from gentrace.schemas import Dumps, as_datetime, encode
from gentrace.schemas.json_values import without_lone_surrogates

if TYPE_CHECKING:
    from gentrace.model.step_run import StepRun


class RunBuffer:
    """What one run has recorded, masked and encoded.

    Args:
        name: name of the pipeline.
        delivery: the delivery of the run, whose mask is applied.
        off_reason: why the run will not be delivered; None if it will be.
        dumps: a faster encoder, as `find_encoder` returns it.

    Attributes:
        name, delivery, off_reason, dumps: the arguments.
        is_recording: whether steps are recorded; False if the run will not be delivered.
        mask_failed: whether the mask failed on a part of the run; the run must be dropped then.

    """

    def __init__(
        self, name: str, delivery: Any, off_reason: str | None, dumps: Dumps | None
    ) -> None:
        self.name = name
        self.delivery = delivery
        self.off_reason = off_reason
        self.dumps = dumps
        self.is_recording = off_reason is None
        self.mask_failed = False
        self._indexes = count()
        # By index, which numbers the steps in the order of their starts.
        self._open: dict[int, Callable[[RunBuffer, int], None]] = {}
        self._texts: dict[int, tuple[int | None, bytes]] = {}
        # Added steps with a start time of their own, in microseconds since the epoch.
        self._added: dict[int, tuple[int, bytes]] = {}
        self._process = current_process()
        self._ended = Lock()
        self._cleared = False

    def in_own_process(self) -> bool:
        """Tell whether this is the process that started the run, not a fork of it."""
        return self._process == current_process()

    def is_open(self) -> bool:
        """Tell whether steps can be added: the run has not ended, and this is its process."""
        return not self._ended.locked() and self._process == current_process()

    def end(self) -> bool:
        """End the run; tells whether this call did: no earlier one, and not in another process."""
        return self.in_own_process() and self._ended.acquire(blocking=False)

    def open_step(self, end_unfinished: Callable[[RunBuffer, int], None]) -> int:
        """Register a step that starts, and return its index.

        Args:
            end_unfinished: ends the step if the run ends first; called with this buffer and the
                index.

        """
        index = next(self._indexes)
        self._open[index] = end_unfinished
        return index

    def close_step(
        self, index: int, started: int, text: bytes, error: str | None = None
    ) -> str | None:
        """Mask, truncate and store the JSON text of a step that ended.

        If a step ends in one thread while its run ends in another, the first text is stored. A
        cleared buffer stores nothing.

        Args:
            index: the index of the step.
            started: when it started, in microseconds since the epoch.
            text: its JSON text without its error.
            error: what went wrong; None if nothing did.

        Returns:
            The error, masked and truncated.

        """
        if self._cleared:
            self._open.pop(index, None)
            return error
        try:
            text, error = self._mask_and_truncate(text, error)
            self._texts.setdefault(index, (started, text))
        except MaskFailedError:
            pass
        finally:
            self._open.pop(index, None)
        self._clear_again()
        return error

    def add_step(self, step: StepRun) -> None:
        """Add a validated step that was measured elsewhere."""
        try:
            text, _ = self._mask_and_truncate(encode(step, self.dumps), None)
        except MaskFailedError:
            return
        if "startTime" in step:
            started = round(as_datetime(step["startTime"]).timestamp() * 1_000_000)
            self._added[next(self._indexes)] = (started, text)
        else:
            self._texts[next(self._indexes)] = (None, text)
        self._clear_again()

    def _mask_and_truncate(self, text: bytes, error: str | None) -> tuple[bytes, str | None]:
        """Return the JSON text of a step with its error, masked and truncated; and the error.

        Raises:
            MaskFailedError: the mask failed.

        """
        mask = self.delivery.mask
        if mask is None:
            if error is not None:
                error = truncate_error(error)
                text = b'%b,"error":%b}' % (text[:-1], encode_text(error))
        else:
            text, error = self._mask_text(mask, text, error)
        return truncate_step(text, self.dumps), error

    def _mask_text(self, mask: Mask, text: bytes, error: str | None) -> tuple[bytes, str | None]:
        step = loads(text)
        given = step.get("error")  # of an added step, whose error is never truncated
        if error is not None:
            step["error"] = without_lone_surrogates(error)
        step = self._mask_step(mask, step)
        error = step.get("error")
        if isinstance(error, str) and error != given:
            error = step["error"] = truncate_error(error)
        return encode(step, self.dumps), error if isinstance(error, str) else None

    def _mask_step(self, mask: Mask, step: dict[str, Any]) -> dict[str, Any]:
        try:
            return mask_step(mask, step)
        except BaseException:  # an interrupt too: a run whose mask did not finish is dropped
            self.mask_failed = True
            raise

    def mask_error(self, error: str | None) -> str | None:
        """Return the error of the run itself, masked and truncated; None if the mask removed it."""
        mask = self.delivery.mask
        if error is not None and mask is not None:
            try:
                masked = self._mask_step(mask, {"error": without_lone_surrogates(error)})
            except MaskFailedError:
                return None
            error = None if masked.get("error") is None else as_text(masked["error"])
        return None if error is None else truncate_error(error)

    def encode_run(self, error: str | None) -> bytes:
        """Return the JSON text of the run, which has ended; steps that are still open end now."""
        for index, end_unfinished in list(self._open.items()):
            end_unfinished(self, index)
        steps = b",".join(self._ordered_texts())
        parts = [b'{"name":' + encode_text(self.name), b'"stepRuns":[%b]' % steps]
        if error is not None:
            parts.append(b'"error":' + encode_text(error))
        return b",".join(parts) + b"}"

    def clear(self) -> None:
        """Free the content of the run, which has ended, as the program may keep the run itself."""
        self._cleared = True
        self._open.clear()
        self._texts.clear()
        self._added.clear()

    def _clear_again(self) -> None:
        """Clear what another thread stored after the buffer was cleared."""
        if self._cleared:
            self.clear()

    def _ordered_texts(self) -> list[bytes]:
        """Return the texts of the steps in the order of their starts.

        Added steps are merged in by start time; one without a start time comes after those so far.
        Recorded ones stay in the order of their index, even if the wall clock was set back.
        """
        if not self._added:
            return [self._texts[index][1] for index in sorted(self._texts)]
        placed: list[tuple[float, bytes]] = []
        recorded = latest = -inf
        for index, (started, text) in sorted({**self._texts, **self._added}.items()):
            if started is None:
                place = latest
            elif index in self._added:
                place = started
            else:
                place = recorded = max(recorded, started)
            latest = max(latest, place)
            placed.append((place, text))
        # Sorting is stable: of those that started at the same time, the first comes first.
        return [text for _, text in sorted(placed, key=itemgetter(0))]
