"""What the answers and exceptions of a call say of it, with its secrets masked."""

from __future__ import annotations

import logging
from io import BytesIO
from typing import TYPE_CHECKING, Any, Protocol

from urllib3 import HTTPHeaderDict

from gentrace.configuration.secrets import (
    SENSITIVE_HEADERS,
    Secret,
    mask_headers,
    mask_url,
    scrub,
    scrub_bytes,
)
from gentrace.exceptions import printable
from gentrace.rest.retries import parse_retry_after

if TYPE_CHECKING:
    from gentrace.exceptions import ApiException
    from gentrace.operations import Request

log = logging.getLogger("gentrace")

_MAX_LOG_LINE = 1000
"""How many characters a line of the log has."""


class ResponseHeaders(HTTPHeaderDict):
    """Header fields of an answer; those that carry secrets print masked."""

    def __repr__(self) -> str:
        return repr(mask_headers(self.iteritems()))


class Destination(Protocol):
    """What a call is sent to."""

    label: str
    """How messages name it."""
    uses_tls: bool
    has_proxy: bool

    def retire(self) -> None:
        """Serve no other call: an interrupt may have struck while a connection changed hands."""


class CallState:
    """What answers and exceptions know of the call that they belong to.

    Attributes:
        route: where it is sent.
        secrets: texts that no message may hold.
        idempotency_key: key of all of its requests, None for none.
        max_response_body: bytes of an answer that is not streamed.
        responses: what its operation documents of answers, by status; None without operation.
        target: what it asks for, a path with its query.
        tries: requests put on the wire so far.
        is_permanent: whether what went wrong will go wrong again.
        is_logged: whether anybody wants to read of it in the log.

    """

    def __init__(
        self, route: Destination, secrets: list[str], request: Request, max_response_body: int
    ) -> None:
        self.route = route
        self.secrets = secrets
        self.idempotency_key = request.idempotency_key
        self.max_response_body = max_response_body
        self.responses = request.responses
        self.target = Secret()
        self.tries = 0
        self.is_permanent = False
        self.is_logged = log.isEnabledFor(logging.DEBUG)

    def log(self, text: str, *args: object) -> None:
        """Write a line to the log: masked, cut, and with no line break of its own."""
        if self.is_logged:
            log.debug("%s", printable(scrub(text % args, self.secrets)[:_MAX_LOG_LINE]))

    def make_error(
        self, answer: Any, kind: type[ApiException], why: str, body: bytes = b""
    ) -> ApiException:
        """Build the exception of an answer that came, but cannot be read; the caller raises it."""
        return self.describe(answer, kind(answer.status, f"{answer.reason}, but {why}", body=body))

    def describe(self, answer: Any, error: ApiException) -> ApiException:
        """Return an exception with what an answer says, the secrets masked."""
        error.reason = scrub(error.reason or "", self.secrets)
        error.args = (error.status, error.reason)
        error.body = scrub_bytes(BytesIO(error.body), self.secrets)
        error.headers = ResponseHeaders()
        for name, value in answer.headers.iteritems():
            error.headers.add(scrub(name, self.secrets), self._mask(name, value))
        error.retry_after = parse_retry_after(answer.headers)
        error.idempotency_key = self.idempotency_key
        error.tries = self.tries
        return error

    def guard_headers(self, headers: HTTPHeaderDict, text: Secret) -> HTTPHeaderDict:
        """Return header fields that were parsed of a text; what holds a secret prints masked."""
        names = map(str.lower, headers)
        if SENSITIVE_HEADERS.isdisjoint(names) and scrub(text, self.secrets) == text:
            return headers
        guarded = ResponseHeaders()
        for name, value in headers.iteritems():
            is_clean = self._mask(name, value) == value
            guarded.add(scrub(name, self.secrets), value if is_clean else Secret(value))
        return guarded

    def _mask(self, name: str, value: str) -> str:
        """Return what of the value of a header field may be shown."""
        shown = Secret(mask_headers([(name, value)])[name])
        shown = Secret(mask_url(shown)) if name.lower() == "location" else shown
        return scrub(shown, self.secrets)
