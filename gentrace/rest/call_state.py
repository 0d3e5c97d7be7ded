"""The state that all attempts of a call share; it masks secrets in logs, answers and errors."""

from __future__ import annotations

import logging
from io import BytesIO
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from urllib3 import HTTPHeaderDict

from gentrace.configuration.secrets import (
    Secret,
    is_sensitive,
    mask_bytes,
    mask_headers,
    mask_text,
    mask_url,
)
from gentrace.exceptions import ApiException, printable
from gentrace.rest.retries import parse_retry_after

if TYPE_CHECKING:
    from gentrace.operations import Request

log = logging.getLogger("gentrace")

_MAX_LOG_LINE = 1000
"""Characters of a log line; the rest is cut."""


class ResponseHeaders(HTTPHeaderDict):
    """Header fields of an answer; repr masks those that carry secrets."""

    def __repr__(self) -> str:
        return repr(mask_headers(self.iteritems()))


class Destination(Protocol):
    """The part of a `Route` that is needed here; the import of it would be circular."""

    label: str
    """How messages name it."""
    uses_tls: bool
    has_proxy: bool

    def retire(self) -> None:
        """Serve no other call: an interrupt may have left the pool inconsistent."""


class CallState:
    """The state of a call, and how its errors are built.

    Args:
        route: the connections to the origin.
        secrets: texts that no message may hold.
        request: what is sent.
        max_response_body: how many bytes of an answer are read, unless it is streamed.

    Attributes:
        idempotency_key: key of all of its requests, None for none.
        responses: the answers that its operation documents, by status; None without operation.
        target: path and query of the request line; a redirect changes it.
        tries: how many requests were sent so far.
        is_logged: whether the logger is enabled for this call.

    """

    def __init__(
        self, route: Destination, secrets: list[str], request: Request, max_response_body: int
    ) -> None:
        self.route = route
        self.secrets = secrets
        self.idempotency_key = request.idempotency_key
        self.max_response_body = max_response_body
        self.responses = request.responses
        self.target = Secret(urlsplit(request.host).path.rstrip("/") + request.target)
        self.tries = 0
        self.is_logged = log.isEnabledFor(logging.DEBUG)

    def log(self, text: str, *args: object) -> None:
        """Write one line to the log: masked, cut and without line breaks."""
        if self.is_logged:
            log.debug("%s", printable(mask_text(text % args, self.secrets)[:_MAX_LOG_LINE]))

    def make_error(
        self, answer: Any, kind: type[ApiException], why: str, body: bytes = b""
    ) -> ApiException:
        """Build the exception of an answer that cannot be read; the caller raises it."""
        return self.describe(answer, kind(answer.status, f"{answer.reason}, but {why}", body=body))

    def describe(self, answer: Any, error: ApiException) -> ApiException:
        """Add the details of an answer to an exception, with the secrets masked; return it."""
        error.reason = mask_text(error.reason or "", self.secrets)
        error.args = (error.status, error.reason)
        error.body = mask_bytes(BytesIO(error.body), self.secrets)
        error.headers = ResponseHeaders()
        for name, value in answer.headers.iteritems():
            error.headers.add(mask_text(name, self.secrets), self._mask(name, value))
        error.retry_after = parse_retry_after(answer.headers)
        error.idempotency_key = self.idempotency_key
        error.tries = self.tries
        return error

    def guard_headers(self, headers: HTTPHeaderDict, text: Secret) -> HTTPHeaderDict:
        """Return parsed header fields, so that those with a secret are masked where they are shown.

        Args:
            headers: the fields.
            text: the text that they were parsed from.

        """
        if not any(map(is_sensitive, headers)) and mask_text(text, self.secrets) == text:
            return headers
        guarded = ResponseHeaders()
        for name, value in headers.iteritems():
            is_clean = self._mask(name, value) == value
            guarded.add(mask_text(name, self.secrets), value if is_clean else Secret(value))
        return guarded

    def _mask(self, name: str, value: str) -> str:
        """Return the value of a header field, masked."""
        shown = Secret(mask_headers([(name, value)])[name])
        shown = Secret(mask_url(shown)) if name.lower() == "location" else shown
        return mask_text(shown, self.secrets)
