"""One run of a pipeline, from its start until it is handed over for delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from gentrace.model.step_run import StepRun
from gentrace.recorder.parameters import StepParameters
from gentrace.recorder.step_block import make_step
from gentrace.schemas import REQUEST_RULES, ObjectSchema

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

    from gentrace.delivery import Receipt
    from gentrace.recorder.decorators import Function
    from gentrace.recorder.run_recording import RunRecording
    from gentrace.recorder.step_block import StepBlock


class PipelineRun:
    """One run of a pipeline; `Pipeline.start` makes it.

    A `with` block, or `async with`, makes it current and hands it over at its end, also when an
    exception leaves the block, which passes on. It may be used from any thread.

    """

    def __init__(self, recording: RunRecording) -> None:
        self._recording = recording

    @property
    def error(self) -> str | None:
        """What went wrong; None if nothing did. An exception that leaves the block sets it."""
        return self._recording.error

    @error.setter
    def error(self, text: str | None) -> None:
        self._recording.error = text

    @property
    def receipt(self) -> Receipt:
        """What becomes of the run: the same object from the start."""
        return self._recording.receipt

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
            self._recording.ledger,
        )

    def add_step_run(self, step: StepRun | Mapping[str, object]) -> None:
        """Add a step that was measured elsewhere, where its start time says; else as the last one.

        Args:
            step: a `StepRun`, or a mapping in either spelling.

        Raises:
            ApiTypeError: a value of the wrong type.
            ApiValueError: a value that is not allowed.

        """
        self._recording.add_step(ObjectSchema(StepRun).check(step, REQUEST_RULES))

    def submit(self) -> Receipt:
        """End the run and hand it over for delivery; once it has ended, give the same receipt."""
        self._recording.finish()
        return self.receipt

    def discard(self) -> None:
        """End the run without handing it over, if it has not ended; its receipt says so."""
        self._recording.discard()

    def __enter__(self) -> Self:
        """Make the run current."""
        self._recording.enter(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the run and hand it over; an exception passes through."""
        self._recording.leave()
        self._recording.finish(error)

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

    def __repr__(self) -> str:
        """Show the name of the pipeline, and nothing of the content."""
        return f"<PipelineRun of {self._recording.name!r}>"

    def __del__(self) -> None:
        self._recording.abandon()
