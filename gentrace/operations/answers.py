"""Reading an answer as its operation declares it.

A server may repeat a secret, and tracebacks show the locals of their frames. So the frame that
raises holds nothing that the server sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

from gentrace.exceptions import (
    ApiException,
    ApiProxyException,
    ApiResponseException,
    ApiTypeError,
    ApiValueError,
    NotFoundException,
    UnauthorizedException,
    exception_class,
)
from gentrace.operations.operation import OpenApiResponse, Operation, is_success
from gentrace.operations.responses import ApiResponse, ApiResponseWithoutDeserialization
from gentrace.schemas import ANSWER_RULES, FileSchema, Unset, decode, unset

if TYPE_CHECKING:
    from urllib3 import HTTPHeaderDict, HTTPResponse

    from gentrace.operations.requests import Request


class RawAnswer(Protocol):
    """The part of the transport's answer that is needed to read it."""

    status: int
    headers: HTTPHeaderDict

    @property
    def reason(self) -> str | None:
        """The reason phrase."""
        ...

    def load(self) -> bytes:
        """Return the whole body; ApiException if it is truncated or larger than the bound."""
        ...

    def save(self, folder: str | None) -> FileSchema:
        """Save the body to a file; ApiException if it is truncated."""
        ...

    def hide_secrets(self) -> None:
        """Load the body, and mask the call's secrets in it and in the reason."""
        ...

    def log(self, text: str) -> None:
        """Write to the log, with secrets masked."""
        ...

    def describe(self, error: ApiException) -> ApiException:
        """Add the details of this answer to an exception; return it."""
        ...

    def make_error(self, kind: type[ApiException], why: str, body: bytes = b"") -> ApiException:
        """Build the error of this answer, which cannot be read; the caller raises it."""
        ...


def read_answer(
    operation: Operation, request: Request, raw: RawAnswer, *, stream: bool, folder: str | None
) -> ApiResponse:
    """Return the answer in the response class that the operation declares.

    Args:
        operation: the operation.
        request: the request that is answered.
        raw: the raw answer.
        stream: whether a body of a binary media type is saved to a file.
        folder: where to save it; None is the system's folder for temporary files.

    Raises:
        ApiException: the server refused or failed, or its answer cannot be read.

    """
    documented = operation.responses.get(raw.status)
    if is_success(raw.status):
        documented = documented or operation.success
        body, flaw = _deserialize(documented, raw, stream=stream, folder=folder)
        if flaw is None:
            name = operation.id_property
            if name is not None and name in body:
                raw.log(f"{operation.name}: {name} {body[name]}")
            return documented.response_cls(_typed(raw), body)
        failure = _unreadable_error(raw, flaw)
        del body, flaw
    else:
        failure = status_error(documented, raw)
        if isinstance(failure, UnauthorizedException) and not request.is_authorized:
            failure.remedy = "no token was sent, set Configuration.access_token or GENTRACE_API_KEY"
        if isinstance(failure, NotFoundException) and documented is not None:
            failure.remedy = ""  # the path is right: what the call names does not exist
    try:
        raise failure
    finally:
        del failure  # its traceback would refer back to it


def check_declared(operation: Operation, answer: ApiResponse) -> None:
    """Check that an answer of 2xx has a declared status and media type.

    Raises:
        ApiResponseException: it has another one, as has the login page of a proxy.

    """
    raw = cast("RawAnswer", answer.response)
    documented = operation.responses.get(raw.status)
    content_type = raw.headers.get("Content-Type", "")
    if documented is None:
        expected = " or ".join(str(status) for status in operation.responses if is_success(status))
        flaw = f"expected the status {expected}, got {raw.status}"
    elif documented.content and isinstance(documented.find_schema(content_type), Unset):
        flaw = _describe_mismatch(documented, content_type)
    else:
        return
    raise _unreadable_error(raw, flaw)


def status_error(documented: OpenApiResponse | None, raw: RawAnswer) -> ApiException:
    """Build the error of a status outside 2xx, None if undocumented; the caller raises it."""
    raw.hide_secrets()
    answer: ApiResponse = ApiResponseWithoutDeserialization(_typed(raw))
    if documented is not None:
        body, _ = _deserialize(documented, raw, stream=False, folder=None)
        answer = documented.response_cls(_typed(raw), body)
    kind = exception_class(raw.status)
    error = raw.describe(kind(raw.status, raw.reason, answer, body=raw.load()))
    if raw.status == _PROXY_AUTHENTICATION_REQUIRED:
        error.remedy = ApiProxyException.remedy
    return error


_PROXY_AUTHENTICATION_REQUIRED = 407  # not of http, which is slow to import


def _deserialize(
    documented: OpenApiResponse, raw: RawAnswer, *, stream: bool, folder: str | None
) -> tuple[Any, str | None]:
    """Return the deserialized body, `unset` if none is documented; and its flaw, None if valid."""
    if not documented.content:
        return unset, None
    content_type = raw.headers.get("Content-Type", "")
    schema = documented.find_schema(content_type)
    if isinstance(schema, Unset):
        return unset, _describe_mismatch(documented, content_type)
    if schema is None:
        return raw.save(folder) if stream else raw.load(), None
    try:
        return schema.check(decode(raw.load()), ANSWER_RULES), None
    except (ApiTypeError, ApiValueError) as error:
        flaw = str(error)
    except MemoryError:
        flaw = "no memory is left to parse it"
    except ValueError as error:
        # The body may be compressed in a way that cannot be undone here.
        coding = raw.headers.get("Content-Encoding")
        encoded = f", it came as {coding}" if coding else ""
        flaw = f"it is not JSON in UTF-8 ({error}){encoded}"
    return unset, flaw


def _describe_mismatch(documented: OpenApiResponse, content_type: str) -> str:
    return f"expected {' or '.join(documented.content)}, got {content_type or 'no media type'}"


def _unreadable_error(raw: RawAnswer, flaw: str) -> ApiException:
    """Build the error of a 2xx answer that cannot be read; the caller raises it."""
    raw.hide_secrets()
    return raw.make_error(ApiResponseException, f"the answer cannot be read: {flaw}", raw.load())


def _typed(raw: RawAnswer) -> HTTPResponse:
    """Return the raw answer, typed as the class that it derives from."""
    return cast("HTTPResponse", raw)
