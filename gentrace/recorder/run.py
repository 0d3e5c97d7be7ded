"""One run of a pipeline, from its start until its delivery takes over."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, overload
from weakref import ref

from gentrace.delivery import Receipt
from gentrace.delivery.notices import warn, warn_once
from gentrace.delivery.off import is_switched_off
from gentrace.model.step_run import StepRun
from gentrace.recorder.context import Scope, drop_ended_scopes, entered_scopes
from gentrace.recorder.encoding import as_text, error_text, truncate_error
from gentrace.recorder.logs import log_failure, warn_of_unknown_attributes
from gentrace.recorder.parameters import StepParameters
from gentrace.recorder.recording import Recording
from gentrace.recorder.step_block import StepBlock, make_step
from gentrace.schemas import REQUEST_RULES, ObjectSchema

if TYPE_CHECKING:
    from gentrace.recorder.decorators import Function
    from gentrace.recorder.run_buffer import RunBuffer


class PipelineRun:
    """One run of a pipeline; `Pipeline.start` makes it.

    A `with` or `async with` block makes it current, and hands it over for delivery at its end, even
    if an exception leaves the block; the exception passes through. It may be used from any thread.

    Attributes:
        error: what went wrong; None if nothing did. An exception that leaves the block sets it.

    """

    error: str | None = None
    _receipt: Receipt

    def __init__(self, buffer: RunBuffer) -> None:
        self.error = None
        self._end_reason: str | None = None
        self._scopes: list[Scope] = []  # one for each `with` block that it entered
        self._buffer = buffer

    @property
    def receipt(self) -> Receipt:
        """The future of the stored run's id; always the same object."""
        if "_receipt" not in vars(self):
            # `setdefault`, so that two threads that ask at once get the same receipt.
            receipt: Receipt = vars(self).setdefault("_receipt", Receipt())
            reason = self._end_reason if self._buffer.in_own_process() else "forked"
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
            ApiTypeError: the decorated object is not a function.

        """
        return make_step(
            StepParameters(
                provider, invocation, model_params, inputs, capture_inputs, capture_outputs
            ),
            self,
            self._buffer,
        )

    def add_step_run(self, step: StepRun | Mapping[str, object]) -> None:
        """Add a step that was measured elsewhere.

        Its start time decides its place among the steps; without one, it comes after those so far.

        Args:
            step: a `StepRun`, or a mapping in either spelling.

        Raises:
            ApiTypeError: a value of the wrong type.
            ApiValueError: a value that is not allowed.

        """
        checked = ObjectSchema(StepRun).check(step, REQUEST_RULES)
        if self._buffer.is_recording and self._buffer.is_open():
            try:
                self._buffer.add_step(checked)
            except Exception as error:  # noqa: BLE001 - nothing here may disturb the program
                log_failure("a step", error)

    def submit(self) -> Receipt:
        """End the run and hand it over for delivery; a later call returns the same receipt."""
        self._finish(None)
        return self.receipt

    def discard(self) -> None:
        """End the run without delivery, if it has not ended; its receipt says so."""
        if self._buffer.end():
            self._end_undelivered(self._buffer.off_reason or "discarded")

    def __enter__(self) -> Self:
        """Make the run current."""
        if self._buffer.is_open():
            self._scopes.append(Scope(ref(self), ref(self._buffer)))
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        """End the run and hand it over; an exception passes through."""
        try:
            self._leave()
            self._finish(error)
        finally:
            self._finish(error)  # if an interrupt such as Ctrl-C came first
            drop_ended_scopes()

    async def __aenter__(self) -> Self:
        """Make the run current."""
        return self.__enter__()

    async def __aexit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        """End the run and hand it over; an exception passes through."""
        self.__exit__(kind, error, traceback)

    def __copy__(self) -> Self:
        """Return the run itself: a run happens once and cannot be copied."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return the run itself: a run happens once and cannot be copied."""
        return self

    def __repr__(self) -> str:
        """Show the name of the pipeline, but no content."""
        return f"<PipelineRun of {self._buffer.name!r}>"

    def __del__(self) -> None:
        # The constructor sets it last: it is missing if an interrupt struck there.
        buffer: RunBuffer | None = vars(self).get("_buffer")
        if buffer is None or not buffer.is_open():
            return
        what = f"a run of pipeline {buffer.name!r} was dropped"
        if not buffer.is_recording:
            self.discard()
        elif self._scopes and not sys.is_finalizing():
            # Such as of a generator that is collected too, and would leave the block later.
            self._finish(None)
            warn_once(
                what,
                f"{what} in its block and is delivered as it is: leave the block, or close the "
                "generator or coroutine that has it",
            )
        else:
            self.discard()
            warn(
                f"{what} without an end and is not delivered: "
                "use `with pipeline.start() as run`, or call run.submit()"
            )

    def _leave(self) -> None:
        """Leave the innermost block of the run in this context.

        Nothing changes in a context in which the run was not entered.
        """
        for scope in entered_scopes():
            if scope in self._scopes:
                self._scopes.remove(scope)
                scope.leave()
                return

    def _finish(self, error: BaseException | None) -> None:
        """End the run and hand it over, if it has not ended; `error` is what left the block."""
        if not self._buffer.end():
            return
        try:
            text = None if error is None else error_text(error)
            if text is None and self.error is not None:
                text = as_text(self.error)
            off_reason = self._buffer.off_reason
            if off_reason is None and is_switched_off():
                off_reason = "disabled"
            if off_reason is None:
                self._enqueue(text)
            else:
                self.error = None if text is None else truncate_error(text)
                self._end_undelivered(off_reason)
        except Exception as problem:  # noqa: BLE001 - nothing here may disturb the program
            log_failure("a run", problem)
            self._end_undelivered("discarded")
        except BaseException:
            self._end_undelivered("discarded")  # nothing else would end the receipt
            raise

    def _enqueue(self, error: str | None) -> None:
        buffer = self._buffer
        try:
            self.error = buffer.mask_error(error)
            body = buffer.encode_run(self.error)
        finally:
            buffer.clear()
            mask_failed = buffer.mask_failed  # read once: another thread may still end a step
            if mask_failed:
                buffer.delivery.drop(self.receipt, "mask_failed")
        if not mask_failed:
            buffer.delivery.enqueue(body, self.receipt)
        warn_of_unknown_attributes(self, PipelineRun)

    def _end_undelivered(self, reason: str) -> None:
        self._buffer.clear()
        self._end_reason = reason
        if "_receipt" in vars(self):
            self._receipt.end_with(reason)


class RunRecording(PipelineRun, Recording):
    """A run that records one call of a decorated function, by `Pipeline.traced`."""

    _dropped: PipelineRun

    def __del__(self) -> None:
        # The garbage collector may close the generator or coroutine only after this, which ends the
        # run. If nothing does, as its event loop is closed, another run with the same buffer warns
        # and ends the receipt: it is dropped when this one is freed.
        buffer: RunBuffer | None = vars(self).get("_buffer")
        if buffer is not None and buffer.is_open():
            self._dropped = PipelineRun(buffer)
            vars(self._dropped)["_receipt"] = self.receipt

    def enter(self) -> None:
        """Make the run current in this context."""
        self.__enter__()

    def leave(self) -> None:
        """Make the previous scope current again."""
        self._leave()

    def record_item(self, item: object) -> None:
        """Record nothing: a run holds only steps."""

    def record_result(self, result: object) -> None:
        """Record nothing: a run holds only steps."""

    def finish(self, error: BaseException | None = None) -> None:
        """End the run and hand it over; `error` is the exception that left the function."""
        self._finish(error)
        drop_ended_scopes()
