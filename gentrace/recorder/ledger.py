"""What a run has recorded: the bytes of its steps, in the order in which they started.

Nothing here waits for a lock, as a finalizer or a signal handler may record while the same thread
does: a list that is appended to, and a lock that is taken once and never given back, decide.
"""

from __future__ import annotations

from json import loads
from threading import Lock
from typing import TYPE_CHECKING, Any

from gentrace.delivery.masking import MaskFailedError, mask_error, mask_step
from gentrace.process import current_process
from gentrace.recorder.encoding import cut_error, encode_text
from gentrace.recorder.shortening import shorten
from gentrace.schemas import as_datetime, encode

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from gentrace.model.step_run import StepRun
    from gentrace.schemas.json_text import Dumps


class Record:
    """One step of a run, from its start to its bytes.

    Attributes:
        started: when it started; None if that is not known.
        texts: its JSON text, which the first one to end it appends; empty while it is open.
        abandon: ends it if the run ends before it; None once it has ended.

    """

    __slots__ = ("abandon", "started", "texts")

    def __init__(self, started: datetime | None, abandon: Callable[[], None] | None = None) -> None:
        self.started = started
        self.texts: list[bytes] = []
        self.abandon = abandon


class Ledger:
    """What one run has recorded.

    Attributes:
        dumps: a faster encoder, as `find_encoder` returns it.
        mask_failed: whether the mask failed on a part of the run, which is then dropped.

    Args:
        name: name of the pipeline.
        delivery: what masks the steps.
        records: whether anything is kept.
        dumps: a faster encoder, as `find_encoder` returns it.

    """

    def __init__(
        self, name: str, delivery: Any, *, records: bool, dumps: Dumps | None = None
    ) -> None:
        self.dumps = dumps
        self.mask_failed = False
        self.records = records
        self._name = name
        self._delivery = delivery
        self._steps: list[Record] = []
        self._added: list[Record] = []
        self._process = current_process()
        self._end = Lock()

    def is_here(self) -> bool:
        """Tell whether this is the process that started the run, and no child of it."""
        return self._process == current_process()

    def is_open(self) -> bool:
        """Tell whether steps may be added, here and now."""
        return not self._end.locked() and self.is_here()

    def end(self) -> bool:
        """Take no more steps; tells whether this is the call that ended the run."""
        return self._end.acquire(blocking=False)

    def open_step(self, started: datetime, abandon: Callable[[], None]) -> Record:
        """Keep a place for a step that starts."""
        record = Record(started, abandon)
        self._steps.append(record)
        return record

    def add_step(self, step: StepRun) -> None:
        """Add a checked step that was measured elsewhere."""
        started = as_datetime(step["startTime"]) if "startTime" in step else None
        record = Record(started)
        text = encode(step, self.dumps)
        self.close_step(record, lambda _: text, None)
        if started is None:
            self._steps.append(record)
        else:
            self._added.append(record)

    def close_step(
        self, record: Record, encode_with: Callable[[str | None], bytes], error: str | None
    ) -> str | None:
        """Mask, shorten and keep the text of a step; returns its error as it is kept.

        Args:
            record: the place of the step.
            encode_with: gives the step's JSON text with an error.
            error: what went wrong, None if nothing did.

        """
        mask = self._delivery.mask
        try:
            if mask is not None:
                text, error = self._mask_step(mask, encode_with(error))
            else:
                error = None if error is None else cut_error(error)
                text = encode_with(error)
            record.texts.append(shorten(text, self.dumps))
        except MaskFailedError:
            self.mask_failed = True
        except BaseException:
            # Of a step that was not masked nothing may go anywhere; without a mask, others may.
            self.mask_failed = self.mask_failed or mask is not None
            raise
        finally:
            record.abandon = None
        return error

    def _mask_step(self, mask: Any, text: bytes) -> tuple[bytes, str | None]:
        """Return the JSON text of a step as the mask leaves it, and its error."""
        step = dict(mask_step(mask, loads(text)))
        error = step.get("error")
        if isinstance(error, str):
            error = step["error"] = cut_error(error)
        text = encode(step, self.dumps)
        return text, error if isinstance(error, str) else None

    def mask_error(self, error: str | None) -> str | None:
        """Return what is kept of the error of the run itself."""
        if error is None:
            return None
        try:
            if self._delivery.mask is not None:
                error = mask_error(self._delivery.mask, error)
        except MaskFailedError:
            self.mask_failed = True
            return None
        except BaseException:
            self.mask_failed = True
            raise
        return None if error is None else cut_error(error)

    def join(self, error: str | None) -> bytes:
        """Return the JSON text of the run, after it has ended; steps that are open end with it."""
        for record in list(self._steps):
            abandon = record.abandon
            if abandon is not None:
                abandon()
        steps = b",".join([record.texts[0] for record in self._in_order() if record.texts])
        parts = [b'"name":' + encode_text(self._name, self.dumps), b'"stepRuns":[' + steps + b"]"]
        if error is not None:
            parts.append(b'"error":' + encode_text(error, self.dumps))
        return b"{" + b",".join(parts) + b"}"

    def _in_order(self) -> list[Record]:
        """Return the steps in the order of their starts: those measured elsewhere put in between.

        The others stay as they started, even if the clock was set back meanwhile.
        """
        ordered = list(self._steps)
        for added in list(self._added):
            place = len(ordered)
            for index, record in enumerate(ordered):
                if _is_later(record.started, added.started):
                    place = index
                    break
            ordered.insert(place, added)
        return ordered


def _is_later(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and one > other
