"""Operation `GET /pipeline-runs/export` of the local server's document: export stored runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Unpack

from gentrace.api_client import Api  # noqa: TC001 - annotations are read at run time
from gentrace.configuration import TimeoutSetting  # noqa: TC001 - annotations are read at run time
from gentrace.operations import (
    ApiResponse,
    ApiResponseWithoutDeserialization,
    OpenApiResponse,
    Operation,
)
from gentrace.operations.answers import check_declared
from gentrace.operations.responses import UNSET_BODY
from gentrace.runs.filters import PARAMETERS, Filters
from gentrace.runs.refusals import (
    BAD_REQUEST,
    UNAUTHORIZED,
    ApiResponseFor400,
    ApiResponseFor401,
)
from gentrace.schemas import FileSchema, Unset, unset

__all__ = [
    "ApiResponseFor200",
    "ApiResponseFor400",
    "ApiResponseFor401",
    "operation",
    "runs_export",
]


@dataclass(repr=False, eq=False)
class ApiResponseFor200(ApiResponse):
    """One run a line."""

    body: bytes | FileSchema = UNSET_BODY
    headers: Unset = unset


operation = Operation(
    "runs_export",
    "GET",
    "/pipeline-runs/export",
    tag="Runs",
    summary="Export stored runs",
    description=(
        "Gives the runs that all given filters let through as JSON Lines, the one that was stored "
        "first first. A line is the body of one run as it was sent, with line breaks between its "
        "tokens made spaces, so that it can be sent again."
    ),
    parameters=PARAMETERS,
    responses={
        200: OpenApiResponse(ApiResponseFor200, "One run a line", {"application/jsonl": None}),
        400: BAD_REQUEST,
        401: UNAUTHORIZED,
    },
)


def runs_export(
    self: Api, *, timeout: TimeoutSetting | None = None, **filters: Unpack[Filters]
) -> ApiResponseWithoutDeserialization:
    """Export stored runs as JSON Lines, the oldest first, in bounded memory.

    Args:
        self: the API instance.
        timeout: seconds, as `Configuration.timeout`; None takes that. Only a triple limits reading
            the lines too.
        **filters: which runs to select, see `Filters`.

    Returns:
        The answer with its body unread: `for line in answer.response` reads the lines, as bytes.
        It holds a connection until it is closed or read to its end; a `with` block closes it.

    Raises:
        ApiTypeError: an argument has the wrong type or an unknown name.
        ApiValueError: an argument is not allowed.
        ApiException: the call failed; its attributes say how. Reading the lines may raise it too.

    """
    answer: ApiResponseWithoutDeserialization = self.api_client.call(
        operation, arguments=filters, timeout=timeout, stream=True, skip_deserialization=True
    )
    check_declared(operation, answer)
    return answer
