"""Operation `GET /pipelines` of the local server's document: list pipelines."""

from __future__ import annotations

from dataclasses import dataclass

from gentrace.api_client import Api  # noqa: TC001 - annotations are read at run time
from gentrace.configuration import TimeoutSetting  # noqa: TC001 - annotations are read at run time
from gentrace.operations import ApiResponse, OpenApiResponse, Operation
from gentrace.operations.responses import UNSET_BODY
from gentrace.runs.models import PipelineList
from gentrace.runs.refusals import BAD_REQUEST, UNAUTHORIZED, ApiResponseFor400, ApiResponseFor401
from gentrace.schemas import ObjectSchema, Unset, unset

__all__ = [
    "ApiResponseFor200",
    "ApiResponseFor400",
    "ApiResponseFor401",
    "operation",
    "pipelines_list",
]


@dataclass(repr=False, eq=False)
class ApiResponseFor200(ApiResponse):
    """All pipelines."""

    body: PipelineList = UNSET_BODY
    headers: Unset = unset


operation = Operation(
    "pipelines_list",
    "GET",
    "/pipelines",
    tag="Runs",
    summary="List pipelines",
    description=(
        "Lists the names that stored runs have, the one that was used last first, with figures of "
        "their runs."
    ),
    responses={
        200: OpenApiResponse(
            ApiResponseFor200,
            "All pipelines",
            {"application/json; charset=utf-8": ObjectSchema(PipelineList)},
        ),
        400: BAD_REQUEST,
        401: UNAUTHORIZED,
    },
)


def pipelines_list(self: Api, *, timeout: TimeoutSetting | None = None) -> ApiResponseFor200:
    """List the pipelines of stored runs, the one that ran last first.

    Args:
        self: the API instance.
        timeout: seconds, as `Configuration.timeout`; None takes that.

    Returns:
        Names, counts, error rates and durations in `body`.

    Raises:
        ApiTypeError: an argument has the wrong type.
        ApiException: the call failed; its attributes say how.

    """
    answer: ApiResponseFor200 = self.api_client.call(operation, timeout=timeout)
    return answer
