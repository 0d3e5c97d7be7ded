"""What an operation is declared with, a request put together, and an answer read.

Nothing here does input or output: the transport sends what `prepare` returns, and what it gets
goes to `read_answer`.
"""

from gentrace.operations.answers import read_answer
from gentrace.operations.headers import DefaultHeaders
from gentrace.operations.media_types import MediaType
from gentrace.operations.operation import OpenApiResponse, Operation, RequestBody
from gentrace.operations.parameters import HeaderParameter, PathParameter, QueryParameter
from gentrace.operations.requests import Request, prepare
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
    "read_answer",
]
