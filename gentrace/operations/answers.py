"""An answer, read as its operation declares it.

The frame that raises holds nothing of what the server said, which may be a secret: a traceback
shows the locals of its frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

from gentrace.exceptions import (
    ApiException,
    ApiResponseException,
    ApiTypeError,
    ApiValueError,
    NotFoundException,
    UnauthorizedException,
    exception_class,
)
from gentrace.operations.operation import is_success
from gentrace.operations.responses import ApiResponse, ApiResponseWithoutDeserialization
from gentrace.schemas import ANSWER_RULES, Unset, decode, unset

if TYPE_CHECKING:
    from urllib3 import HTTPHeaderDict, HTTPResponse

    from gentrace.operations.operation import OpenApiResponse, Operation
    from gentrace.operations.requests import Request
    from gentrace.schemas import FileSchema


class RawAnswer(Protocol):
    """What reading an answer needs of the transport's one."""

    status: int
    headers: HTTPHeaderDict

    @property
    def reason(self) -> str | None:
        """The reason phrase."""
        ...

    def load(self) -> bytes:
        """Return the whole body; ApiException if it breaks off or is larger than the bound."""
        ...

    def save(self, folder: str | None) -> FileSchema:
        """Return the body as a file; ApiException if it breaks off."""
        ...

    def hide_secrets(self) -> None:
        """Load the body, and mask what the server says of the call's secrets."""
        ...

    def log(self, text: str) -> None:
        """Write to the log, with the call's secrets masked."""
        ...

    def describe(self, error: ApiException) -> ApiException:
        """Return an exception with what this answer says."""
        ...


def read_answer(
    operation: Operation, request: Request, raw: RawAnswer, *, stream: bool, folder: str | None
) -> ApiResponse:
    """Return the class of the answer that the operation declares.

    Args:
        operation: the operation.
        request: what was sent.
        raw: the answer as it came.
        stream: whether a body of a binary media type becomes a file.
        folder: where that file is made; None is the system's folder.

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
            return documented.response_cls(_response(raw), body)
        failure = _unreadable(raw, flaw)
        del body, flaw
    else:
        failure = _refused(documented, raw)
        if isinstance(failure, UnauthorizedException) and not request.is_authorized:
            failure.remedy = "no token was sent, set Configuration.access_token or GENTRACE_API_KEY"
        if isinstance(failure, NotFoundException) and documented is not None:
            failure.remedy = ""  # what the call names is not there; its path is
    try:
        raise failure
    finally:
        del failure  # which its traceback would hold in a circle


def check_declared(operation: Operation, answer: ApiResponse) -> None:
    """Check that an answer of 2xx has a status and a media type that the operation declares.

    Raises:
        ApiResponseException: it has another one, such as the page of a proxy to log in on.

    """
    raw = cast("RawAnswer", answer.response)
    documented = operation.responses.get(raw.status)
    content_type = raw.headers.get("Content-Type", "")
    if documented is None:
        expected = " or ".join(str(status) for status in operation.responses if is_success(status))
        flaw = f"expected the status {expected}, got {raw.status}"
    elif documented.content and isinstance(documented.find_schema(content_type), Unset):
        flaw = _word_type(documented, content_type)
    else:
        return
    failure = _unreadable(raw, flaw)
    try:
        raise failure
    finally:
        del failure  # which its traceback would hold in a circle


def _deserialize(
    documented: OpenApiResponse, raw: RawAnswer, *, stream: bool, folder: str | None
) -> tuple[Any, str | None]:
    """Return the body as documented, `unset` if none is; and what is wrong with it, or None."""
    if not documented.content:
        return unset, None
    content_type = raw.headers.get("Content-Type", "")
    schema = documented.find_schema(content_type)
    if isinstance(schema, Unset):
        return unset, _word_type(documented, content_type)
    if schema is None:
        return raw.save(folder) if stream else raw.load(), None
    try:
        return schema.check(decode(raw.load()), ANSWER_RULES), None
    except (ApiTypeError, ApiValueError) as error:
        return unset, str(error)
    except ValueError as error:
        # Said here, as what came may be packed in a way that nothing installed unpacks.
        coding = raw.headers.get("Content-Encoding")
        packed = f", it came as {coding}" if coding else ""
        return unset, f"it is not JSON in UTF-8 ({error}){packed}"


def _word_type(documented: OpenApiResponse, content_type: str) -> str:
    return f"expected {' or '.join(documented.content)}, got {content_type or 'no media type'}"


def _unreadable(raw: RawAnswer, flaw: str) -> ApiException:
    """Build the error of a run that was stored, but whose answer cannot be read."""
    raw.hide_secrets()
    reason = f"{raw.reason}, but the answer cannot be read: {flaw}"
    answer = ApiResponseWithoutDeserialization(_response(raw))
    return raw.describe(ApiResponseException(raw.status, reason, answer, body=raw.load()))


def _refused(documented: OpenApiResponse | None, raw: RawAnswer) -> ApiException:
    """Build the error of a status outside 2xx."""
    raw.hide_secrets()
    answer: ApiResponse = ApiResponseWithoutDeserialization(_response(raw))
    if documented is not None:
        body, _ = _deserialize(documented, raw, stream=False, folder=None)
        answer = documented.response_cls(_response(raw), body)
    kind = exception_class(raw.status)
    return raw.describe(kind(raw.status, raw.reason, answer, body=raw.load()))


def _response(raw: RawAnswer) -> HTTPResponse:
    """Return an answer as the class that it is a subclass of."""
    return cast("HTTPResponse", raw)
