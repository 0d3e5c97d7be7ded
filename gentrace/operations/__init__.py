"""Declarations of operations, the preparation of requests and the reading of answers.

Nothing here does input or output: `prepare` makes the request, the transport sends it, and
`read_answer` reads what came back.
"""

from gentrace.operations.answers import read_answer
from gentrace.operations.headers import DefaultHeaders
from gentrace.operations.media_types import MediaType
from gentrace.operations.operation import OpenApiResponse, Operation, RequestBody
from gentrace.operations.parameters import HeaderParameter, PathParameter, QueryParameter
from gentrace.operations.requests import Request, prepare, prepare_raw
from gentrace.operations.responses import ApiResponse, ApiResponseWithoutDeserialization
from gentrace.operations.sender import Sender

__all__ = [
    "ApiResponse",
    "ApiResponseWithoutDeserialization",
    "DefaultHeaders",
    "HeaderParameter",
    "MediaType",
    "OpenApiResponse",
    "Operation",
    "PathParameter",
    "QueryParameter",
    "Request",
    "RequestBody",
    "Sender",
    "prepare",
    "prepare_raw",
    "read_answer",
]
