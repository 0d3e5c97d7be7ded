"""Operation `DELETE /pipeline-runs/{id}` of the local server's document: delete a stored run."""

from __future__ import annotations

from dataclasses import dataclass

from gentrace.api_client import Api  # noqa: TC001 - annotations are read at run time
from gentrace.configuration import TimeoutSetting  # noqa: TC001 - annotations are read at run time
from gentrace.operations import ApiResponse, OpenApiResponse, Operation, PathParameter
from gentrace.operations.answers import check_declared
from gentrace.runs.refusals import (
    BAD_REQUEST,
    NOT_FOUND,
    UNAUTHORIZED,
    ApiResponseFor400,
    ApiResponseFor401,
    ApiResponseFor404,
)
from gentrace.schemas import STRING, Unset, unset

__all__ = [
    "ApiResponseFor204",
    "ApiResponseFor400",
    "ApiResponseFor401",
    "ApiResponseFor404",
    "operation",
    "run_delete",
]


@dataclass(repr=False, eq=False)
class ApiResponseFor204(ApiResponse):
    """The run is deleted."""

    body: Unset = unset
    headers: Unset = unset


operation = Operation(
    "run_delete",
    "DELETE",
    "/pipeline-runs/{id}",
    tag="Runs",
    summary="Delete a stored run",
    description=("Deletes one run; its idempotency key is then as if it had never been used."),
    parameters=(PathParameter("id", STRING, "Id of a stored run.", required=True),),
    responses={
        204: OpenApiResponse(ApiResponseFor204, "The run is deleted"),
        400: BAD_REQUEST,
        401: UNAUTHORIZED,
        404: NOT_FOUND,
    },
)


def run_delete(self: Api, id: str, *, timeout: TimeoutSetting | None = None) -> ApiResponseFor204:  # noqa: A002 - the document's name
    """Delete a stored run.

    A delete that is retried because its answer was lost may fail with 404; the run is deleted then.

    Args:
        self: the API instance.
        id: id of the run.
        timeout: seconds, as `Configuration.timeout`; None takes that.

    Raises:
        ApiTypeError: an argument has the wrong type.
        ApiValueError: an argument is not allowed.
        ApiException: the call failed; its `status` is 404 if no run has that id.

    """
    answer: ApiResponseFor204 = self.api_client.call(
        operation, arguments={"id": id}, timeout=timeout
    )
    check_declared(operation, answer)
    return answer
