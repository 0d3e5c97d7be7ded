"""The pipeline run in a line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from gentrace.backfill.lines import MAX_LINE, Line
from gentrace.exceptions import ApiTypeError, ApiValueError
from gentrace.model.pipeline_run_request import PipelineRunRequest
from gentrace.schemas import decode, describe


def read_run(line: Line) -> PipelineRunRequest:
    """Return the run in a line, with the checks of a call.

    Raises:
        ApiTypeError: no run: its place and the remedy are in the message.
        ApiValueError: no JSON, or a value that is not allowed.

    """
    if line.content is None:
        raise ApiValueError(f"expected a line of at most {MAX_LINE} bytes, got a longer one")
    try:
        value: Any = decode(line.content)
    except ValueError as error:
        raise ApiValueError(f"expected JSON in UTF-8: {error}") from None
    if not isinstance(value, Mapping):
        raise ApiTypeError(f"expected an object that is a pipeline run, got {describe(value)}")
    make = cast("Callable[[Any], PipelineRunRequest]", PipelineRunRequest)
    return make(value)
