"""The receipt of a run: a future of the id under which it is stored."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, InvalidStateError
from typing import Any, Protocol

from gentrace.exceptions import OpenApiException
from gentrace.process import current_process

MEANINGS = {
    "queue_full": "the queue holds max_runs runs or max_bytes bytes already",
    "spool_full": "the spool's file has spool_max_bytes, or cannot be written and memory is full",
    "refused": "the server does not take it",
    "mask_failed": "the mask raised an exception, or gave no step",
    "expired": "it was in the spool for longer than spool_max_age, or is there no more",
    "closed": "the delivery was closed before it was sent",
    "not_sampled": "sample_rate left it out",
    "disabled": "delivery is off: GENTRACE_DISABLED is set, there is neither token nor host, "
    "or the configuration cannot be used",
    "discarded": "discard() was called, it was dropped without an end, or it could not be recorded",
    "forked": "it belongs to the parent of this process",
    "spooled": "it is in the spool, and the next process sends it",
}
"""Why a run was not delivered, by reason."""


class DeliveryError(OpenApiException):
    """A run was not delivered by this process; its cause is the `ApiException` if there was one.

    Args:
        reason: one of `queue_full`, `spool_full`, `refused`, `mask_failed`, `expired`, `closed`
            for a run that is dropped, or `not_sampled`, `disabled`, `discarded`, `forked`,
            `spooled`.
        idempotency_key: the run's key, with which it can be sent again as the same run.

    Attributes:
        reason, idempotency_key: the arguments.

    """

    def __init__(self, reason: str, idempotency_key: str | None = None) -> None:
        super().__init__(reason, idempotency_key)
        self.reason = reason
        self.idempotency_key = idempotency_key

    def __str__(self) -> str:
        meaning = MEANINGS.get(self.reason)
        text = f"{self.reason}: {meaning}" if meaning else self.reason
        return f"{text} ({self.__cause__})" if self.__cause__ is not None else text


class Deliverer(Protocol):
    """The part of an `Engine` that receipts need; the import of it would be circular."""

    @property
    def last_failure(self) -> Exception | None:
        """The error of the last run that was tried; None if the server took or refused it."""
        ...

    def send_inline(self, timeout: float | None) -> bool:
        """Send what is queued in the calling thread, if no thread runs; tell whether it did."""
        ...


SLICE = 5.0
"""For how many seconds an event loop is blocked at a time, if only its thread can send the run."""


class Receipt(Future[str]):
    """A future of the id under which a run is stored; `""` if the server gives none.

    It is running from the start, so that `cancel()` returns False. It can be awaited on any asyncio
    loop, by several tasks at once; cancelling one of them does not cancel the run. In a forked
    child, a receipt that had not ended raises `DeliveryError("forked")`.

    Args:
        idempotency_key: key of the run in all of its requests; None makes a new one.

    Attributes:
        idempotency_key: that key.

    """

    idempotency_key: str
    deliverer: Deliverer | None = None
    """What delivers the run; None before it is handed over, and after it has ended."""

    def __init__(self, idempotency_key: str | None = None) -> None:
        super().__init__()
        self._process = current_process()
        if idempotency_key is None:
            # The time makes keys differ between machines that resume from the same snapshot.
            idempotency_key = f"{os.urandom(16).hex()}-{time.time_ns():x}"
        self.idempotency_key = idempotency_key
        self.set_running_or_notify_cancel()

    def end_with(self, reason: str) -> None:
        """End it with the `DeliveryError` of a reason, if it has not ended."""
        self.end(DeliveryError(reason, self.idempotency_key))

    def end(self, outcome: str | DeliveryError) -> None:
        """End it with the id of the stored run or with an error, if it has not ended."""
        # The first outcome counts, also if a signal handler ends it in between.
        outcome = vars(self).setdefault("_outcome", outcome)
        try:
            if isinstance(outcome, str):
                self.set_result(outcome)
            else:
                self.set_exception(outcome)
        except InvalidStateError:
            return
        finally:  # also if a callback raises SystemExit
            _with_callbacks.discard(self)
            self.deliverer = None

    def leave_to_parent(self) -> None:
        """In a forked child, end it as forked if it had not ended; elsewhere do nothing.

        It becomes a new future: a thread that the child does not have may hold the lock of the
        parent's, whose callbacks belong to loops and threads of the parent.
        """
        if self._process == current_process():
            return
        super().__init__()
        self.end_with("forked")
        self._process = current_process()

    def result(self, timeout: float | None = None) -> str:
        """Return the id of the stored run.

        Args:
            timeout: seconds to wait; None waits without limit.

        Raises:
            DeliveryError: the run was not delivered.
            TimeoutError: it has not ended within `timeout`; the text says why the last try failed.

        """
        try:
            return super().result(self._wait(timeout))
        except TimeoutError as error:
            self._explain(error)
            raise

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Return the error with which it ended; None if the run was delivered.

        Args:
            timeout: seconds to wait; None waits without limit.

        Raises:
            TimeoutError: as of `result`.

        """
        try:
            return super().exception(self._wait(timeout))
        except TimeoutError as error:
            self._explain(error)
            raise

    def done(self) -> bool:
        """Tell whether it has ended."""
        self.leave_to_parent()
        return super().done()

    def running(self) -> bool:
        """Tell whether it has not ended."""
        self.leave_to_parent()
        return super().running()

    def add_done_callback(self, fn: Callable[[Future[str]], object]) -> None:
        """Call a function with this receipt when it ends, in the thread that ends it.

        That is mostly one that sends runs: while the function waits for another receipt, it does
        not; `Delivery.flush` and `close` send runs themselves there.
        """
        self.leave_to_parent()
        if not super().done():
            _with_callbacks.add(self)
        super().add_done_callback(fn)
        if super().done():
            _with_callbacks.discard(self)

    def __await__(self) -> Generator[Any, None, str]:
        from asyncio import wrap_future  # noqa: PLC0415 - the caller has loaded it

        while self._wait(SLICE) == 0:
            yield  # let other tasks of the loop run
        return (yield from wrap_future(self).__await__())

    def _wait(self, timeout: float | None) -> float | None:
        """Send it in the calling thread if no other one does; return how long to wait then."""
        self.leave_to_parent()
        deliverer = self.deliverer
        if deliverer is None or super().done() or not deliverer.send_inline(timeout):
            return timeout
        return 0

    def _explain(self, error: TimeoutError) -> None:
        """Say in an error without a text, which the time-out of a future is, what is missing."""
        deliverer = self.deliverer
        if error.args or super().done():
            return
        text = "the run is not delivered yet"
        if deliverer is None:
            text = "the run has not ended: leave its `with` block, or call submit()"
        elif deliverer.last_failure is not None:
            text += f"; the last try failed: {deliverer.last_failure}"
        error.args = (text,)


_with_callbacks: set[Receipt] = set()
"""Receipts with callbacks: nothing else may hold the receipt of a run that is not in memory."""
