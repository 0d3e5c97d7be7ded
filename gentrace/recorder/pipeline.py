"""A named pipeline, which starts runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, overload

from gentrace.configuration import check_instance, hide_arguments, refuse
from gentrace.delivery import Delivery, default_delivery
from gentrace.delivery.notices import warn_once
from gentrace.exceptions import ApiTypeError, ApiValueError
from gentrace.recorder.decorators import Function, record_calls, unwrap_function
from gentrace.recorder.logs import log_failure
from gentrace.recorder.run import PipelineRun, RunRecording
from gentrace.recorder.run_buffer import RunBuffer
from gentrace.schemas import REQUEST_RULES, STRING, Dumps, find_encoder
from gentrace.schemas.user_code import runs_user_code
from gentrace.system_random import system_random

Run = TypeVar("Run", bound=PipelineRun)


class Pipeline:
    """A named pipeline, which starts runs; it may be used from any thread.

    Args:
        name: name of the pipeline, which its runs share.
        delivery: delivers its runs; None takes the default delivery when a run starts.
        sample_rate: the fraction of runs that is recorded, from 0 (none) to 1 (all), decided when a
            run starts. A run that is not sampled behaves the same; its receipt says `not_sampled`.

    Raises:
        ApiTypeError: an argument of the wrong type.
        ApiValueError: a name that UTF-8 cannot encode, or a rate that is not from 0 to 1.

    """

    @hide_arguments
    def __init__(
        self, name: str, *, delivery: Delivery | None = None, sample_rate: float = 1.0
    ) -> None:
        try:
            self._name = STRING.check(name, REQUEST_RULES)
        except (ApiTypeError, ApiValueError) as error:
            error.reword(f"Pipeline: name: {error.message}", None)
            raise
        if delivery is not None:
            check_instance("Pipeline: delivery", delivery, Delivery, "a Delivery")
        self._delivery = delivery
        self._sample_rate = _check_rate("Pipeline: sample_rate", sample_rate)

    def start(self) -> PipelineRun:
        """Start a run, and its clock; only a `with` block makes it current."""
        return self._start(PipelineRun)

    @overload
    def traced(self, function: Function, /) -> Function: ...
    @overload
    def traced(self, function: None = None, /) -> Callable[[Function], Function]: ...
    def traced(self, function: Any = None, /) -> Any:
        """Make each call of a function a run, which is current during the call.

        Neither arguments nor results are recorded, as a run holds only steps. Use it bare or
        called; the function may be of any kind.

        Raises:
            ApiTypeError: it is not a function.

        """
        return self._trace if function is None else self._trace(function)

    def _trace(self, function: Function) -> Function:
        inner = unwrap_function("traced", function)
        return record_calls(
            function,
            inner,
            lambda _args, _keywords: None if runs_user_code() else self._start(RunRecording),
        )

    def _start(self, kind: type[Run]) -> Run:
        delivery: Any = None
        dumps: Dumps | None = None
        try:
            delivery = default_delivery() if self._delivery is None else self._delivery
            off_reason = delivery.off_reason() or self._reason_to_omit()
            if off_reason is None:
                dumps = find_encoder(delivery.api_client.configuration.json_encoder)
        except Exception as error:  # noqa: BLE001 - nothing here may disturb the program
            _log_start_failure(error)
            off_reason = "disabled"
        return kind(RunBuffer(self._name, delivery, off_reason, dumps))

    def _reason_to_omit(self) -> str | None:
        """Return why the next run is not recorded, though delivery is on; None if it is."""
        if runs_user_code():
            return "discarded"  # by a mask, or the code of a value
        is_sampled = self._sample_rate >= 1 or system_random.random() < self._sample_rate
        return None if is_sampled else "not_sampled"


def _check_rate(name: str, value: object) -> float:
    expected = "a number from 0 to 1"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise refuse(name, expected, value, kind=True)
    if not 0 <= value <= 1:
        raise refuse(name, expected, value)
    return value


def _log_start_failure(error: Exception) -> None:
    """Log why a run is not recorded; an invalid configuration only once, with its own text."""
    if isinstance(error, (ApiTypeError, ApiValueError)):
        warn_once(str(error), f"no run is recorded or sent: {error}")
    else:
        log_failure("a run", error)
