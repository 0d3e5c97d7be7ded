"""Operation `GET /pipeline-runs` of the local server's document: list stored runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Unpack

from gentrace.api_client import Api  # noqa: TC001 - annotations are read at run time
from gentrace.configuration import TimeoutSetting  # noqa: TC001 - annotations are read at run time
from gentrace.operations import ApiResponse, OpenApiResponse, Operation, QueryParameter
from gentrace.operations.responses import UNSET_BODY
from gentrace.runs.filters import PARAMETERS, Filters
from gentrace.runs.models import RunPage
from gentrace.runs.refusals import (
    BAD_REQUEST,
    UNAUTHORIZED,
    ApiResponseFor400,
    ApiResponseFor401,
)
from gentrace.schemas import INTEGER, STRING, ObjectSchema, Unset, unset

__all__ = [
    "ApiResponseFor200",
    "ApiResponseFor400",
    "ApiResponseFor401",
    "operation",
    "runs_list",
]


@dataclass(repr=False, eq=False)
class ApiResponseFor200(ApiResponse):
    """A page of runs."""

    body: RunPage = UNSET_BODY
    headers: Unset = unset


operation = Operation(
    "runs_list",
    "GET",
    "/pipeline-runs",
    tag="Runs",
    summary="List stored runs",
    description=(
        "Lists the runs that all given filters let through, the one that was stored last first, "
        "page by page. A parameter that is unknown, given twice or of another form is refused."
    ),
    parameters=(
        *PARAMETERS,
        QueryParameter(
            "limit", INTEGER, "How many runs a page has at most, from 1 to 1000; 50 by default."
        ),
        QueryParameter(
            "before",
            STRING,
            "Id of the run behind which the page begins, such as `next` of the page before.",
        ),
        QueryParameter(
            "view",
            STRING,
            "What each run has, either `full`, the default, or `summary`, without `pipelineRun`.",
        ),
    ),
    responses={
        200: OpenApiResponse(
            ApiResponseFor200,
            "A page of runs",
            {"application/json; charset=utf-8": ObjectSchema(RunPage)},
        ),
        400: BAD_REQUEST,
        401: UNAUTHORIZED,
    },
)


def runs_list(
    self: Api,
    *,
    limit: int | Unset = unset,
    before: str | Unset = unset,
    view: Literal["full", "summary"] | Unset = unset,
    timeout: TimeoutSetting | None = None,
    **filters: Unpack[Filters],
) -> ApiResponseFor200:
    """List stored runs, the newest first, one page of them.

    Args:
        self: the API instance.
        limit: maximum number of runs in the page, 1 to 1000; `unset` is 50.
        before: id of the run after which the page begins, such as `next` of the previous page;
            `unset` begins with the newest run.
        view: whether each run has its body (`full`, as `unset`) or not (`summary`).
        timeout: seconds, as `Configuration.timeout`; None takes that.
        **filters: which runs to select, see `Filters`.

    Returns:
        The page in `body`.

    Raises:
        ApiTypeError: an argument has the wrong type or an unknown name.
        ApiValueError: an argument is not allowed.
        ApiException: the call failed; its attributes say how.

    """
    answer: ApiResponseFor200 = self.api_client.call(
        operation,
        arguments={**filters, "limit": limit, "before": before, "view": view},
        timeout=timeout,
    )
    return answer
