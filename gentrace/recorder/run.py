"""One run of a pipeline, from its start until it is handed over for delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload
from weakref import ref

from gentrace.delivery import Receipt
from gentrace.delivery.off import is_switched_off
from gentrace.model.step_run import StepRun
from gentrace.recorder.context import Scope, forget_ended, scopes
from gentrace.recorder.encoding import cut_error, text_of, text_of_error
from gentrace.recorder.parameters import StepParameters
from gentrace.recorder.recording import Recording
from gentrace.recorder.reports import report, warn
from gentrace.recorder.step_block import make_step
from gentrace.schemas import REQUEST_RULES, ObjectSchema

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

    from gentrace.recorder.decorators import Function
    from gentrace.recorder.ledger import Ledger
    from gentrace.recorder.step_block import StepBlock


class PipelineRun:
    """One run of a pipeline; `Pipeline.start` makes it.

    A `with` block, or `async with`, makes it current and hands it over at its end, also when an
    exception leaves the block, which passes on. It may be used from any thread.

    Attributes:
        error: what went wrong; None if nothing did. An exception that leaves the block sets it.

    """

    _receipt: Receipt

    def __init__(self, ledger: Ledger, delivery: Any, off: str | None) -> None:
        """Start a run that `off` says goes nowhere, and why; None if it is delivered."""
        self.error: str | None = None
        self._ledger = ledger
        self._delivery = delivery
        self._off = off
        self._ended_with: str | None = None
        self._scopes: list[Scope] = []  # one for each time that it was entered

    @property
    def receipt(self) -> Receipt:
        """What becomes of the run: the same object from the start."""
        if "_receipt" not in vars(self):
            # Of two threads that ask at once, both get the same.
            receipt: Receipt = vars(self).setdefault("_receipt", Receipt())
            reason = self._ended_with if self._ledger.is_here() else "forked"
            if reason is not None:
                receipt.end_with(reason)
        return self._receipt

    @overload
    def step(self, provider: Function, /) -> Function: ...
    @overload
    def step(
        self,
        provider: str | None = None,
        *,
        invocation: str | None = None,
        model_params: object = None,
        inputs: object = None,
        capture_inputs: bool = True,
        capture_outputs: bool = True,
    ) -> StepBlock: ...
    def step(  # noqa: PLR0913 - one argument a property
        self,
        provider: Any = None,
        *,
        invocation: str | None = None,
        model_params: object = None,
        inputs: object = None,
        capture_inputs: bool = True,
        capture_outputs: bool = True,
    ) -> Any:
        """Record a block of code or a function as a step of this run.

        The parameters are those of `gentrace.step`. Inside the block this run is current.

        Raises:
            ApiTypeError: it decorates what is no function.

        """
        return make_step(
            StepParameters(
                provider, invocation, model_params, inputs, capture_inputs, capture_outputs
            ),
            self,
            self._ledger,
        )

    def add_step_run(self, step: StepRun | Mapping[str, object]) -> None:
        """Add a step that was measured elsewhere, where its start time says; else as the last one.

        Args:
            step: a `StepRun`, or a mapping in either spelling.

        Raises:
            ApiTypeError: a value of the wrong type.
            ApiValueError: a value that is not allowed.

        """
        checked = ObjectSchema(StepRun).check(step, REQUEST_RULES)
        if self._ledger.records and self._ledger.is_open():
            try:
                self._ledger.add_step(checked)
            except Exception as error:  # noqa: BLE001 - nothing here may disturb the program
                report("a step", error)

    def submit(self) -> Receipt:
        """End the run and hand it over for delivery; once it has ended, give the same receipt."""
        self._finish(None)
        return self.receipt

    def discard(self) -> None:
        """End the run without handing it over, if it has not ended; its receipt says so."""
        if self._ledger.is_here() and self._ledger.end():
            self._go_nowhere(self._off or "discarded")

    def __enter__(self) -> Self:
        """Make the run current."""
        if self._ledger.is_open():
            self._scopes.append(Scope(ref(self), ref(self._ledger)))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the run and hand it over; an exception passes through."""
        self._leave()
        self._finish(error)
        forget_ended()

    async def __aenter__(self) -> Self:
        """Make the run current."""
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the run and hand it over; an exception passes through."""
        self.__exit__(kind, error, traceback)

    def __copy__(self) -> Self:
        """Return the run itself, which is one thing that happens."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return the run itself, which is one thing that happens."""
        return self

    def __repr__(self) -> str:
        """Show the name of the pipeline, and nothing of the content."""
        return f"<PipelineRun of {self._ledger.name!r}>"

    def __del__(self) -> None:
        # It is missing where an interrupt kept the run from being made.
        ledger: Ledger | None = vars(self).get("_ledger")
        if ledger is not None and ledger.records and ledger.is_open() and ledger.end():
            self._go_nowhere("discarded")
            warn(
                "a run of pipeline %r was dropped without an end and is not delivered: "
                "use `with pipeline.start() as run`, or call run.submit()",
                ledger.name,
            )

    def _leave(self) -> None:
        """Make current again what was before the block that is left: the innermost of this context.

        In another context than the block was entered in, something else is current, and stays so.
        """
        for scope in scopes():
            if scope in self._scopes:
                self._scopes.remove(scope)
                scope.leave()
                return

    def _finish(self, error: BaseException | None) -> None:
        """End the run and hand it over, if it has not ended; `error` is what left its block."""
        if not self._ledger.is_here() or not self._ledger.end():
            return
        try:
            text = None if error is None else text_of_error(error)
            if text is None and self.error is not None:
                text = text_of(self.error)
            off = "disabled" if self._off is None and is_switched_off() else self._off
            if off is None:
                self._hand_over(text)
            else:
                self.error = None if text is None else cut_error(text)
                self._go_nowhere(off)
        except Exception as problem:  # noqa: BLE001 - nothing here may disturb the program
            report("a run", problem)
            self._go_nowhere("discarded")
        except BaseException:
            self._go_nowhere("discarded")  # the run has ended, so nothing else ends its receipt
            raise

    def _hand_over(self, error: str | None) -> None:
        ledger = self._ledger
        try:
            self.error = ledger.mask_error(error)
            body = ledger.join(self.error)
        finally:
            ledger.forget()
            mask_failed = ledger.mask_failed  # once, as a step may still end in another thread
            if mask_failed:
                self._delivery.drop(self.receipt, "mask_failed")
        if not mask_failed:
            self._delivery.enqueue(body, self.receipt)

    def _go_nowhere(self, reason: str) -> None:
        self._ledger.forget()
        self._ended_with = reason
        if "_receipt" in vars(self):
            self._receipt.end_with(reason)


class RunRecording(PipelineRun, Recording):
    """A run as what records the calls of a decorated function."""

    def enter(self) -> None:
        """Make the run current in this context."""
        self.__enter__()

    def leave(self) -> None:
        """Make current again what was before."""
        self._leave()

    def take_item(self, item: object) -> None:
        """Keep nothing: a run holds only steps."""

    def take_result(self, result: object) -> None:
        """Keep nothing: a run holds only steps."""

    def finish(self, error: BaseException | None = None) -> None:
        """End the run and hand it over; `error` is what left the function."""
        self._finish(error)
        forget_ended()
