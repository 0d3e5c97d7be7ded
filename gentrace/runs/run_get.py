"""Operation `GET /pipeline-runs/{id}` of the local server's document: get a stored run."""

from __future__ import annotations

from dataclasses import dataclass

from gentrace.api_client import Api  # noqa: TC001 - annotations are read at run time
from gentrace.configuration import TimeoutSetting  # noqa: TC001 - annotations are read at run time
from gentrace.operations import ApiResponse, OpenApiResponse, Operation, PathParameter
from gentrace.operations.responses import UNSET_BODY
from gentrace.runs.models import StoredRun
from gentrace.runs.refusals import (
    BAD_REQUEST,
    NOT_FOUND,
    UNAUTHORIZED,
    ApiResponseFor400,
    ApiResponseFor401,
    ApiResponseFor404,
)
from gentrace.schemas import STRING, ObjectSchema, Unset, unset

__all__ = [
    "ApiResponseFor200",
    "ApiResponseFor400",
    "ApiResponseFor401",
    "ApiResponseFor404",
    "operation",
    "run_get",
]


@dataclass(repr=False, eq=False)
class ApiResponseFor200(ApiResponse):
    """The run."""

    body: StoredRun = UNSET_BODY
    headers: Unset = unset


operation = Operation(
    "run_get",
    "GET",
    "/pipeline-runs/{id}",
    tag="Runs",
    summary="Get a stored run",
    description="Gives one run with its body as it was sent.",
    parameters=(PathParameter("id", STRING, "Id of a stored run.", required=True),),
    responses={
        200: OpenApiResponse(
            ApiResponseFor200,
            "The run",
            {"application/json; charset=utf-8": ObjectSchema(StoredRun)},
        ),
        400: BAD_REQUEST,
        401: UNAUTHORIZED,
        404: NOT_FOUND,
    },
)


def run_get(self: Api, id: str, *, timeout: TimeoutSetting | None = None) -> ApiResponseFor200:  # noqa: A002 - the document's name
    """Get a stored run with its body.

    Args:
        self: the API instance.
        id: id of the run.
        timeout: seconds, as `Configuration.timeout`; None takes that.

    Returns:
        The run in `body`.

    Raises:
        ApiTypeError: an argument has the wrong type.
        ApiValueError: an argument is not allowed.
        ApiException: the call failed; its `status` is 404 if no run has that id.

    """
    answer: ApiResponseFor200 = self.api_client.call(
        operation, arguments={"id": id}, timeout=timeout
    )
    return answer
