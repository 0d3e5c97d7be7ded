"""The life of one run: it starts, is current, ends once, and is handed over or goes nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gentrace.delivery import Receipt
from gentrace.recorder.context import Scope
from gentrace.recorder.encoding import cut_error, text_of, text_of_error
from gentrace.recorder.ledger import Ledger
from gentrace.recorder.reports import report, warn

if TYPE_CHECKING:
    from gentrace.model.step_run import StepRun
    from gentrace.schemas.json_text import Dumps


class RunRecording:
    """One run from its start to its end.

    Attributes:
        error: what went wrong with it; None if nothing did.
        ledger: what it has recorded.
        name: name of its pipeline.

    Args:
        name: name of its pipeline.
        delivery: what takes it when it ends.
        off: why it goes nowhere, a reason of a `DeliveryError`; None if it is delivered.
        dumps: a faster encoder, as `find_encoder` returns it.

    """

    _receipt: Receipt

    def __init__(
        self, name: str, delivery: Any, off: str | None, dumps: Dumps | None = None
    ) -> None:
        self.error: str | None = None
        self.ledger = Ledger(name, delivery, records=off is None, dumps=dumps)
        self.name = name
        self._delivery = delivery
        self._off = off
        self._ended_with: str | None = None
        self._scope: Scope | None = None

    @property
    def receipt(self) -> Receipt:
        """What becomes of the run: one object, made when it is first asked for."""
        if "_receipt" not in vars(self):
            # Of two threads that ask at once, both get the same.
            receipt: Receipt = vars(self).setdefault("_receipt", Receipt())
            reason = self._ended_with if self.ledger.is_here() else "forked"
            if reason is not None:
                receipt.end_with(reason)
        return self._receipt

    def enter(self, run: object) -> None:
        """Make a run current in this context."""
        if self.ledger.is_open():
            self._scope = Scope(run, self.ledger)
            self._scope.enter()

    def leave(self) -> None:
        """Make current again what was before."""
        if self._scope is not None:
            self._scope.leave()

    def add_step(self, step: StepRun) -> None:
        """Add a checked step that was measured elsewhere."""
        if self.ledger.records and self.ledger.is_open():
            try:
                self.ledger.add_step(step)
            except Exception as error:  # noqa: BLE001 - nothing here may disturb the program
                report("a step", error)

    def finish(self, error: BaseException | None = None) -> None:
        """End the run and hand it over, if it has not ended; `error` is what left its block."""
        if not self.ledger.is_here() or not self.ledger.end():
            return
        try:
            text = self._text_of_error(error)
            if self._off is not None:
                self.error = None if text is None else cut_error(text)
                self._go_nowhere(self._off)
            else:
                self._hand_over(text)
        except Exception as problem:  # noqa: BLE001 - nothing here may disturb the program
            report("a run", problem)
            self._go_nowhere("discarded")

    def _text_of_error(self, error: BaseException | None) -> str | None:
        text = None if error is None else text_of_error(error)
        if text is None and self.error is not None:
            text = text_of(self.error)
        return text

    def _hand_over(self, error: str | None) -> None:
        ledger = self.ledger
        try:
            self.error = ledger.mask_error(error)
            body = ledger.join(self.error)
        finally:
            if ledger.mask_failed:
                self._delivery.drop(self.receipt, "mask_failed")
        if not ledger.mask_failed:
            self._delivery.enqueue(body, self.receipt)

    def discard(self) -> None:
        """End the run without handing it over, if it has not ended."""
        if self.ledger.is_here() and self.ledger.end():
            self._go_nowhere(self._off or "discarded")

    def abandon(self) -> None:
        """End a run that nobody holds any more, if it has not ended."""
        if self.ledger.records and self.ledger.is_open() and self.ledger.end():
            self._go_nowhere("discarded")
            warn(
                "a run of pipeline %r was dropped without an end and is not delivered: "
                "use `with pipeline.start() as run`, or call run.submit()",
                self.name,
            )

    def _go_nowhere(self, reason: str) -> None:
        self._ended_with = reason
        if "_receipt" in vars(self):
            self._receipt.end_with(reason)
