"""Operation `POST /pipeline-run` of the document: create a pipeline run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, overload

from gentrace.api_client import Api  # noqa: TC001 - annotations are read at run time
from gentrace.configuration import TimeoutSetting  # noqa: TC001 - annotations are read at run time
from gentrace.model.pipeline_run_request import PipelineRunRequest
from gentrace.model.pipeline_run_response import PipelineRunResponse
from gentrace.operations import (
    ApiResponse,
    ApiResponseWithoutDeserialization,
    OpenApiResponse,
    Operation,
    RequestBody,
)
from gentrace.operations.responses import UNSET_BODY
from gentrace.paths import PathValues
from gentrace.schemas import ObjectSchema, Unset, unset

SchemaForRequestBodyApplicationJson = PipelineRunRequest
SchemaFor200ResponseBodyApplicationJsonCharsetutf8 = PipelineRunResponse
SchemaFor200ResponseBodyApplicationJson = PipelineRunResponse


@dataclass(repr=False, eq=False)
class ApiResponseFor200(ApiResponse):
    """Stored pipeline run."""

    body: PipelineRunResponse = UNSET_BODY
    headers: Unset = unset


@dataclass(repr=False, eq=False)
class ApiResponseFor400(ApiResponse):
    """Bad request."""

    body: Unset = unset
    headers: Unset = unset


@dataclass(repr=False, eq=False)
class ApiResponseFor500(ApiResponse):
    """Internal server error."""

    body: Unset = unset
    headers: Unset = unset


operation = Operation(
    "pipeline_run_post",
    "POST",
    PathValues.PIPELINERUN.value,
    tag="Ingestion",
    summary="Create a pipeline run",
    description=(
        "Stores one run of a pipeline, with all of its steps, and answers with the run's id."
    ),
    body=RequestBody(
        {"application/json": ObjectSchema(SchemaForRequestBodyApplicationJson)},
        "The pipeline run to store.",
        required=True,
    ),
    responses={
        200: OpenApiResponse(
            ApiResponseFor200,
            "Stored pipeline run",
            {
                "application/json; charset=utf-8": ObjectSchema(
                    SchemaFor200ResponseBodyApplicationJsonCharsetutf8
                ),
                "application/json": ObjectSchema(SchemaFor200ResponseBodyApplicationJson),
            },
        ),
        400: OpenApiResponse(ApiResponseFor400, "Bad request"),
        500: OpenApiResponse(ApiResponseFor500, "Internal server error"),
    },
    id_property="pipelineRunId",
)


@overload
def pipeline_run_post(  # pyright: ignore[reportOverlappingOverload] - without the flag, this one
    self: Api,
    body: SchemaForRequestBodyApplicationJson | Mapping[str, object],
    content_type: str = ...,
    accept_content_types: tuple[str, ...] = ...,
    stream: bool = ...,
    timeout: TimeoutSetting | None = ...,
    skip_deserialization: Literal[False] = ...,
    *,
    idempotency_key: str | None = ...,
) -> ApiResponseFor200: ...
@overload
def pipeline_run_post(
    self: Api,
    body: SchemaForRequestBodyApplicationJson | Mapping[str, object],
    content_type: str = ...,
    accept_content_types: tuple[str, ...] = ...,
    stream: bool = ...,
    timeout: TimeoutSetting | None = ...,
    skip_deserialization: Literal[True] = ...,
    *,
    idempotency_key: str | None = ...,
) -> ApiResponseWithoutDeserialization: ...
@overload
def pipeline_run_post(
    self: Api,
    body: SchemaForRequestBodyApplicationJson | Mapping[str, object],
    content_type: str = ...,
    accept_content_types: tuple[str, ...] = ...,
    stream: bool = ...,
    timeout: TimeoutSetting | None = ...,
    skip_deserialization: bool = ...,
    *,
    idempotency_key: str | None = ...,
) -> ApiResponseFor200 | ApiResponseWithoutDeserialization: ...
def pipeline_run_post(  # noqa: PLR0913, PLR0917 - the parameters of the contract
    self: Api,
    body: SchemaForRequestBodyApplicationJson | Mapping[str, object],
    content_type: str = "application/json",
    accept_content_types: tuple[str, ...] = ("application/json; charset=utf-8", "application/json"),
    stream: bool = False,
    timeout: TimeoutSetting | None = None,
    skip_deserialization: bool = False,
    *,
    idempotency_key: str | None = None,
) -> ApiResponseFor200 | ApiResponseWithoutDeserialization:
    """Create a pipeline run: `POST /pipeline-run` of the document.

    Args:
        self: the API instance.
        body: the run: a model, or a mapping with its properties by Python names or wire names.
        content_type: media type of the body.
        accept_content_types: media types for the header `Accept`.
        stream: whether the body of a raw answer is left unread; see `skip_deserialization`.
        timeout: seconds: a number for the whole call, `(connect, read)` for each operation, or
            `(connect, read, total)`. None takes `Configuration.timeout`.
        skip_deserialization: whether to return the raw answer; its body is read unless `stream`.
        idempotency_key: value of the header `Idempotency-Key`, by which a server that knows it
            recognizes a repeated call. None makes a new one.

    Returns:
        The stored run's id in `body`; with `skip_deserialization`, the raw answer.

    Raises:
        ApiTypeError: the body or an argument has the wrong type, or a property is missing.
        ApiValueError: the body or an argument is not allowed.
        ApiException: the call failed; its attributes say how.

    """
    answer: ApiResponseFor200 | ApiResponseWithoutDeserialization = self.api_client.call(
        operation,
        body=body,
        content_type=content_type,
        accept_content_types=accept_content_types,
        stream=stream,
        timeout=timeout,
        skip_deserialization=skip_deserialization,
        idempotency_key=idempotency_key,
    )
    return answer
