"""The exceptions of calls, models and settings.

::

    OpenApiException
    ├── ApiTypeError (TypeError)            the caller's mistakes,
    ├── ApiValueError (ValueError)          raised before a byte is sent
    ├── ApiKeyError (KeyError)
    ├── ApiAttributeError (AttributeError)
    └── ApiException                        what can go wrong with a call
        ├── ApiConnectionException          status 0: no complete answer came
        │   ├── ApiTimeoutException         a time-out or the call's deadline passed
        │   ├── ApiTlsException             no trusted TLS connection
        │   └── ApiProxyException           the proxy refused or failed
        ├── ApiResponseException            2xx, but the answer cannot be read
        │   └── ApiResponseTooLargeException    any status: the answer is larger than the bound
        ├── RedirectException               3xx that is not followed
        ├── ClientException                 4xx
        │   ├── BadRequestException         400
        │   ├── UnauthorizedException       401
        │   ├── ForbiddenException          403
        │   ├── NotFoundException           404
        │   ├── ConflictException           409
        │   └── TooManyRequestsException    429
        └── ServiceException                5xx

    InsecureTransportWarning (UserWarning)  the token can be read on its way

`gentrace.DeliveryError`, with which the receipt of a run ends, is an `OpenApiException` too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

if TYPE_CHECKING:
    from urllib3 import HTTPResponse

SHOWN_BODY = 500
"""How many characters of a server's text the message of an exception shows."""

E = TypeVar("E", bound=BaseException)


class OpenApiException(Exception):  # noqa: N818 - the name that users of such clients know
    """The root of all exceptions of the SDK."""


class _CallerError(OpenApiException):
    """A mistake of the caller, with the path of the invalid item.

    Args:
        message: what is wrong and what to do about it, without the path.
        path_to_item: keys and indices that lead to the item, `()` for the value itself; None if
            the mistake is not in a value, such as a wrong argument.

    """

    path_to_item: tuple[str | int, ...] | None

    def __init__(self, message: str, path_to_item: tuple[str | int, ...] | None = None) -> None:
        super().__init__()
        self.reword(message, path_to_item)

    def __str__(self) -> str:
        if self.path_to_item is None:
            return self.message
        return f"{self.message} at {format_path(self.path_to_item)}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _remake, (type(self), *self.args), vars(self)  # with its notes

    def reword(self, message: str, path_to_item: tuple[str | int, ...] | None) -> None:
        """Replace the message and the path."""
        self.message = message
        self.path_to_item = path_to_item
        self.args = message, path_to_item

    def move_under(self, key: str | int) -> None:
        """Prepend `key` to the path: each container does so while the error passes through it."""
        self.reword(self.message, (key, *(self.path_to_item or ())))


def _remake(kind: type[E], *arguments: object) -> E:
    """Make an exception without its constructor, as that of a subclass may take other arguments."""
    error = kind.__new__(kind, *arguments)
    error.args = arguments  # OSError leaves that to the constructor
    return error


class ApiTypeError(_CallerError, TypeError):
    """A value of the wrong type, a missing property or an argument of the wrong type."""


class ApiValueError(_CallerError, ValueError):
    """A value of the right type that is not allowed, such as an impossible date."""


class ApiKeyError(_CallerError, KeyError):
    """A property that a model does not hold."""


class ApiAttributeError(_CallerError, AttributeError):
    """A name that a model or the configuration does not have."""


def format_path(path: tuple[str | int, ...]) -> str:
    """Format a path as ``$.stepRuns[3].elapsedTime``; a key that is not an identifier is quoted."""
    parts = ["$"]
    for key in path:
        if isinstance(key, int):
            parts.append(f"[{key}]")
        elif key.isidentifier():
            parts.append(f".{key}" if len(key) <= SHOWN_KEY else f".{key[:SHOWN_KEY]}…")
        else:
            parts.append(f"[{key!r}]" if len(key) <= SHOWN_KEY else f"[{key[:SHOWN_KEY]!r}…]")
    if len(parts) > SHOWN_LEVELS:
        half = SHOWN_LEVELS // 2
        parts[half:-half] = ["…"]
    return "".join(parts)


SHOWN_KEY = 100
"""How many characters of one key the message of an error shows."""

SHOWN_LEVELS = 24
"""How many levels of a path the message of an error shows."""


class InsecureTransportWarning(UserWarning):
    """The token goes over plain HTTP, or to a server whose certificate is not checked."""


class Answer(Protocol):
    """What an exception needs of an answer; `gentrace.ApiResponse` has it."""

    response: HTTPResponse
    body: Any
    headers: Any

    def close(self) -> None:
        """Release the connection of a body that was not read to its end."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class ApiException(OpenApiException):
    """What went wrong with a call.

    Args:
        status: HTTP status of the answer; 0 if no complete answer came.
        reason: reason phrase of the answer, or why no answer came.
        api_response: the answer: the documented class of its status, or
            `ApiResponseWithoutDeserialization`; None if there was none.
        body: the bytes of the answer, as far as they were read; empty if there were none.
        headers: the header fields of the answer, with secrets masked; None if there was none.
        retry_after: seconds that the server asks to wait; 0.0 is no wait, None if it does not ask.
        idempotency_key: key that the requests carried; None if they carried none. A later call
            with this key is the same call to the server.
        tries: how many requests were sent.

    """

    remedy = ""
    """What the caller may do about it; the message ends with it."""

    def __init__(  # noqa: PLR0913 - one argument a documented attribute
        self,
        status: int = 0,
        reason: str | None = None,
        api_response: Answer | None = None,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        retry_after: float | None = None,
        idempotency_key: str | None = None,
        tries: int = 0,
    ) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason
        self.api_response = api_response
        self.body = body
        self.headers = headers
        self.retry_after = retry_after
        self.idempotency_key = idempotency_key
        self.tries = tries

    def __str__(self) -> str:
        text = f"({self.status})"
        if self.reason:
            text += f" {_excerpt(self.reason)}"
        start = self.body[: SHOWN_BODY * 16 + 4]  # a character has four bytes at most
        if body := _excerpt(start.decode("utf-8", "replace")):
            text += f": {body}"
        if self.remedy:
            text += f" ({self.remedy})"
        return text

    def __reduce__(self) -> tuple[Any, ...]:
        state = dict(self.__dict__)
        if self.api_response is not None:
            answer = self.api_response
            kind: Any = type(answer)
            state["api_response"] = kind(None, answer.body, answer.headers)
        return _restore, (type(self), state)


def _restore(kind: type[ApiException], state: dict[str, Any]) -> ApiException:
    error = _remake(kind, state["status"], state["reason"])
    error.__dict__.update(state)
    return error


def _excerpt(text: str) -> str:
    """Return the start of a server's text on one line, with control characters escaped."""
    start = text[: SHOWN_BODY * 4]
    line = " ".join(start.split())
    if len(line) > SHOWN_BODY or len(text) > len(start):
        line = line[:SHOWN_BODY] + "…"
    return printable(line)


def printable(text: str) -> str:
    """Escape characters that are not printable, such as control characters."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class ApiConnectionException(ApiException):
    """No complete answer came: status 0, the cause chained."""


class ApiTimeoutException(ApiConnectionException):
    """A time-out or the call's deadline passed."""


class ApiTlsException(ApiConnectionException):
    """TLS failed, the server refused the client's certificate, or the port speaks TLS, not HTTP."""


class ApiProxyException(ApiConnectionException):
    """The proxy could not be reached, refused or failed."""

    remedy = "check Configuration.proxy, or https_proxy, http_proxy and all_proxy"


class ApiResponseException(ApiException):
    """An answer that cannot be read; by a status 2xx, the server said that it did its work."""


class ApiResponseTooLargeException(ApiResponseException):
    """The answer is larger than `Configuration.max_response_body`, whatever its status."""


class RedirectException(ApiException):
    """A redirect that is not followed: only 307 and 308 inside the same origin are."""

    remedy = "it was not followed, check Configuration.host or GENTRACE_HOST"

    def __str__(self) -> str:
        location = (self.headers or {}).get("Location")
        text = super().__str__()
        return f"{text} (Location: {_excerpt(location)})" if location else text


class ClientException(ApiException):
    """The server refused the request: a status of the family 4xx."""


class BadRequestException(ClientException):
    """400: the server found the request wrong."""


class UnauthorizedException(ClientException):
    """401: the token is missing or wrong."""

    remedy = "check Configuration.access_token or the environment variable GENTRACE_API_KEY"


class ForbiddenException(ClientException):
    """403: the token does not allow this."""


class NotFoundException(ClientException):
    """404: no such path on this host."""

    remedy = "check Configuration.host or GENTRACE_HOST, which includes the path of the API"


class ConflictException(ClientException):
    """409: the request contradicts an earlier one, such as one with the same idempotency key."""


class TooManyRequestsException(ClientException):
    """429: the server asks for fewer requests; `retry_after` says when to come back."""


class ServiceException(ApiException):
    """The server failed: a status of the family 5xx."""


_BY_STATUS: dict[int, type[ApiException]] = {
    400: BadRequestException,
    401: UnauthorizedException,
    403: ForbiddenException,
    404: NotFoundException,
    409: ConflictException,
    429: TooManyRequestsException,
}

_BY_FAMILY: dict[int, type[ApiException]] = {
    2: ApiResponseException,
    3: RedirectException,
    4: ClientException,
    5: ServiceException,
}


def exception_class(status: int) -> type[ApiException]:
    """Return the exception class for the status of an answer."""
    return _BY_STATUS.get(status) or _BY_FAMILY.get(status // 100, ApiException)
