"""What a run has recorded: the bytes of its steps, in the order in which they started.

Nothing here waits for a lock, as a finalizer or a signal handler may record while the same thread
does: a list that is appended to, and a lock that is taken once and never given back, decide.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from itertools import accumulate, count
from json import loads
from math import inf
from operator import itemgetter
from threading import Lock
from typing import TYPE_CHECKING, Any

from gentrace.delivery.masking import MaskFailedError, mask_error, mask_step
from gentrace.process import current_process
from gentrace.recorder.encoding import cut_error, encode_text
from gentrace.recorder.shortening import shorten
from gentrace.schemas import as_datetime, encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from gentrace.model.step_run import StepRun
    from gentrace.schemas.json_text import Dumps


class Ledger:
    """What one run has recorded.

    Attributes:
        dumps: a faster encoder, as `find_encoder` returns it.
        name: name of the pipeline.
        records: whether anything is kept.
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
        self.name = name
        self.records = records
        self.mask_failed = False
        self._delivery = delivery
        self._numbers = count()
        # By number, in the order of the starts: what ends the open steps, and the others' texts.
        self._open: dict[int, Callable[[Ledger, int], None]] = {}
        self._texts: dict[int, tuple[int | None, bytes]] = {}
        self._added: list[tuple[int, bytes]] = []
        self._process = current_process()
        self._end = Lock()
        self._forgotten = False

    def is_here(self) -> bool:
        """Tell whether this is the process that started the run, and no child of it."""
        return self._process == current_process()

    def is_open(self) -> bool:
        """Tell whether steps may be added, here and now."""
        return not self._end.locked() and self._process == current_process()

    def end(self) -> bool:
        """Take no more steps; tells whether this is the call that ended the run."""
        return self._end.acquire(blocking=False)

    def open_step(self, abandon: Callable[[Ledger, int], None]) -> int:
        """Keep a place for a step that starts; `abandon` ends it if the run ends before it.

        It is called with this and the place.
        """
        number = next(self._numbers)
        self._open[number] = abandon
        return number

    def close_step(
        self, number: int, started: int, text: bytes, error: str | None = None
    ) -> str | None:
        """Mask, shorten and keep the JSON text of a step; returns its error as it is kept.

        Where a step ends in one thread and its run in another, the first text of it is kept. Of a
        run that is forgotten nothing is.

        Args:
            number: the place of the step.
            started: when it started, in microseconds since the epoch.
            text: its JSON text, but for its error.
            error: what went wrong, None if nothing did.

        """
        if self._forgotten:
            self._open.pop(number, None)
            return error
        try:
            text, error = self._finish_text(text, error)
            self._texts.setdefault(number, (started, text))
        except MaskFailedError:
            pass
        finally:
            self._open.pop(number, None)
        self._forget_late()
        return error

    def add_step(self, step: StepRun) -> None:
        """Add a checked step that was measured elsewhere."""
        try:
            text, _ = self._finish_text(encode(step, self.dumps), None)
        except MaskFailedError:
            return
        if "startTime" in step:
            since = as_datetime(step["startTime"]) - _EPOCH
            self._added.append((since // _MICROSECOND, text))
        else:
            self._texts[next(self._numbers)] = (None, text)
        self._forget_late()

    def _finish_text(self, text: bytes, error: str | None) -> tuple[bytes, str | None]:
        """Return the JSON text of a step, masked, with its error, and shortened; and that error.

        Raises:
            MaskFailedError: the mask failed; so the run is dropped, whatever the mask raised.

        """
        mask = self._delivery.mask
        if mask is None:
            if error is not None:
                error = cut_error(error)
                text = b'%b,"error":%b}' % (text[:-1], encode_text(error))
        else:
            try:
                text, error = self._mask_step(mask, text, error)
            except BaseException:
                self.mask_failed = True
                raise
        return shorten(text, self.dumps), error

    def _mask_step(self, mask: Any, text: bytes, error: str | None) -> tuple[bytes, str | None]:
        step = loads(text)
        given = step.get("error")  # of a step that was measured elsewhere, which stays whole
        if error is not None:
            step["error"] = error
        step = dict(mask_step(mask, step))
        error = step.get("error")
        if isinstance(error, str) and error != given:
            error = step["error"] = cut_error(error)
        return encode(step, self.dumps), error if isinstance(error, str) else None

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
        for number, abandon in list(self._open.items()):
            abandon(self, number)
        steps = b",".join(self._in_order())
        parts = [b'{"name":' + encode_text(self.name), b'"stepRuns":[%b]' % steps]
        if error is not None:
            parts.append(b'"error":' + encode_text(error))
        return b",".join(parts) + b"}"

    def forget(self) -> None:
        """Keep no content any more, after the run has ended, as the program may keep the run."""
        self._forgotten = True
        self._open.clear()
        self._texts.clear()
        self._added.clear()

    def _forget_late(self) -> None:
        """Forget again what another thread was about to keep when the run was forgotten."""
        if self._forgotten:
            self.forget()

    def _in_order(self) -> list[bytes]:
        """Return the steps in the order of their starts: those measured elsewhere put in between.

        The others stay as they started, even if the clock was set back meanwhile.
        """
        steps = [self._texts[number] for number in sorted(self._texts)]
        texts = [text for _, text in steps]
        if not self._added:
            return texts
        latest = list(accumulate((-inf if start is None else start for start, _ in steps), max))
        ordered: list[bytes] = []
        taken = 0
        for start, text in sorted(self._added, key=itemgetter(0)):
            place = bisect_right(latest, start)  # before the first that started later
            ordered += texts[taken:place]
            ordered.append(text)
            taken = place
        return ordered + texts[taken:]


_EPOCH = datetime.fromtimestamp(0, UTC)
_MICROSECOND = timedelta(microseconds=1)
