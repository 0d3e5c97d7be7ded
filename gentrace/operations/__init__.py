"""Declarations of operations, the preparation of requests and the reading of answers.

Nothing here does input or output: `prepare` makes the request, the transport sends it, and
`read_answer` reads what came back.
"""

from gentrace.operations.answers import read_answer
from gentrace.operations.client_headers import ClientHeaders
from gentrace.operations.headers import DefaultHeaders
from gentrace.operations.media_types import MediaType
from gentrace.operations.operation import OpenApiResponse, Operation, RequestBody
from gentrace.operations.parameters import HeaderParameter, PathParameter, QueryParameter
from gentrace.operations.requests import Request, prepare, prepare_raw
from gentrace.operations.responses import ApiResponse, ApiResponseWithoutDeserialization

__all__ = [
    "ApiResponse",
    "ApiResponseWithoutDeserialization",
    "ClientHeaders",
    "DefaultHeaders",
    "HeaderParameter",
    "MediaType",
    "OpenApiResponse",
    "Operation",
    "PathParameter",
    "QueryParameter",
    "Request",
    "RequestBody",
    "prepare",
    "prepare_raw",
    "read_answer",
]
