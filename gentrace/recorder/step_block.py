"""`step`: records a block of code, or the calls of a function, as steps."""

from __future__ import annotations

from inspect import isasyncgenfunction, isgeneratorfunction
from typing import TYPE_CHECKING, Any, overload

from gentrace.recorder.arguments import ArgumentBinder
from gentrace.recorder.call_recording import CallRecording
from gentrace.recorder.context import current_scope, entered_scopes
from gentrace.recorder.decorators import Function, record_calls, unwrap_function
from gentrace.recorder.logs import log_failure
from gentrace.recorder.parameters import StepParameters
from gentrace.recorder.step_recording import StepRecording
from gentrace.recorder.steps import Step
from gentrace.schemas.builtin_types import type_of
from gentrace.schemas.lenient_conversions import is_enum
from gentrace.schemas.user_code import runs_user_code

if TYPE_CHECKING:
    from gentrace.recorder.run_buffer import RunBuffer


class StepBlock:
    """What `step(...)` returns: enter it by `with` or `async with`, or decorate a function with it.

    Each time it is entered, and each call of the function, is a step of its own.
    """

    def __init__(
        self, parameters: StepParameters, run: object = None, buffer: RunBuffer | None = None
    ) -> None:
        self._parameters = parameters
        self._run = run
        self._buffer = buffer
        self._entered: list[StepRecording] = []

    def __enter__(self) -> Step:
        """Start a step of the run, and make it current."""
        try:
            given = self._parameters
            recording = StepRecording(given, given.inputs, *self._find_run())
            recording.enter()
        except Exception as error:  # noqa: BLE001 - nothing here may disturb the program
            log_failure("a step", error)
            return Step()
        self._entered.append(recording)
        return recording

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        """End the step; an exception passes through."""
        recording = self._take_entered()
        if recording is not None:
            recording.leave()
            recording.finish(error)

    def _take_entered(self) -> StepRecording | None:
        """Return the step that ends now; several threads and tasks may share this block."""
        while entered := self._entered.copy():
            recording = _innermost_entered(entered)
            try:
                self._entered.remove(recording)
            except ValueError:  # another thread took it; only possible outside of any run
                continue
            return recording
        return None

    async def __aenter__(self) -> Step:
        """Start a step of the run, and make it current."""
        return self.__enter__()

    async def __aexit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        """End the step; an exception passes through."""
        self.__exit__(kind, error, traceback)

    def __call__(self, function: Function) -> Function:
        """Make each call of a function a step.

        Raises:
            ApiTypeError: it is not a function.

        """
        inner = unwrap_function("step", function)
        given = self._parameters
        parameters = given._replace(
            provider=inner.__module__ if given.provider is None else given.provider,
            invocation=inner.__qualname__ if given.invocation is None else given.invocation,
        )
        captures_inputs = given.capture_inputs and given.inputs is None
        arguments = ArgumentBinder(inner)
        yields = isgeneratorfunction(inner) or isasyncgenfunction(inner)

        def start_recording(
            args: tuple[Any, ...], keywords: dict[str, Any]
        ) -> CallRecording | None:
            try:
                run, buffer = self._find_run()
                if buffer is None:
                    return None
                inputs = given.inputs
                if captures_inputs and buffer.is_recording:
                    inputs = arguments.bind(args, keywords)
                return CallRecording(parameters, inputs, run, buffer, yields=yields)
            except Exception as error:  # noqa: BLE001 - nothing here may disturb the program
                log_failure("a step", error)
                return None

        return record_calls(function, inner, start_recording)

    def _find_run(self) -> tuple[object, RunBuffer | None]:
        """Return the open run that a step belongs to now, and its buffer; None, None if none does.

        A step that user code starts while a value is converted belongs to no run.
        """
        run, buffer = self._run, self._buffer
        if buffer is None:
            scope = current_scope()
            if scope is not None:
                run, buffer = scope.run(), scope.buffer()
        elif not buffer.is_open():
            run = None
        return (None, None) if run is None or runs_user_code() else (run, buffer)


@overload
def step(provider: Function, /) -> Function: ...
@overload
def step(
    provider: str | None = None,
    *,
    invocation: str | None = None,
    model_params: object = None,
    inputs: object = None,
    capture_inputs: bool = True,
    capture_outputs: bool = True,
) -> StepBlock: ...
def step(  # noqa: PLR0913 - one argument a property
    provider: Any = None,
    *,
    invocation: str | None = None,
    model_params: object = None,
    inputs: object = None,
    capture_inputs: bool = True,
    capture_outputs: bool = True,
) -> Any:
    """Record a block of code or a function as a step of the run that is current when it starts.

    Outside of a run nothing is recorded. Use it by `with` or `async with`, which return the `Step`,
    or as a decorator, bare or called, of a function of any kind.

    Args:
        provider: name of who does the work, such as ``"openai"``. None leaves it out; of a
            decorated function it is the module.
        invocation: which of the provider's functions is called. None leaves it out; of a decorated
            function it is the qualified name.
        model_params: parameters that tune the provider, captured when the step starts; None leaves
            them out.
        inputs: the inputs of the step, captured when it starts. None leaves them out; of a
            decorated function they are its arguments by name.
        capture_inputs: whether the arguments of a decorated function are captured automatically.
        capture_outputs: whether what a decorated function returns or yields is captured
            automatically.

    Raises:
        ApiTypeError: the decorated object is not a function.

    """
    return make_step(
        StepParameters(provider, invocation, model_params, inputs, capture_inputs, capture_outputs)
    )


def make_step(
    parameters: StepParameters, run: object = None, buffer: RunBuffer | None = None
) -> Any:
    """Return a block; of the bare decorator `@step`, whose argument is a function, the function."""
    provider = parameters.provider
    if provider is None or issubclass(type_of(provider), str) or is_enum(provider):
        return StepBlock(parameters, run, buffer)
    return StepBlock(parameters._replace(provider=None), run, buffer)(provider)


def _innermost_entered(entered: list[StepRecording]) -> StepRecording:
    """Return the innermost step of this context; if none is, the last one outside of open runs."""
    if len(entered) > 1:
        for scope in entered_scopes():
            for recording in entered:
                if recording.scope is scope:
                    return recording
        for recording in reversed(entered):
            own_scope = recording.scope
            if own_scope is None or not own_scope.is_open():
                return recording
    return entered[-1]
