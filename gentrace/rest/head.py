"""The head of an answer, and what an exception says of it."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from urllib3 import HTTPHeaderDict

from gentrace.configuration.secrets import (
    SENSITIVE_HEADERS,
    Secret,
    mask_headers,
    mask_url,
    scrub,
    scrub_bytes,
)
from gentrace.rest.retries import parse_retry_after

if TYPE_CHECKING:
    from gentrace.exceptions import ApiException
    from gentrace.rest.failures import Report


class ResponseHeaders(HTTPHeaderDict):
    """Header fields of an answer; those that carry secrets print masked."""

    def __repr__(self) -> str:
        return repr(mask_headers(self.iteritems()))


@dataclass
class Head:
    """What an answer says before its body.

    Attributes:
        status: its status.
        reason: its reason phrase.
        headers: its header fields; a value that holds a secret prints masked.
        report: of the call.
        tries: requests that were put on the wire for it.

    """

    status: int
    reason: str
    headers: HTTPHeaderDict
    report: Report
    tries: int

    def describe(self, error: ApiException) -> ApiException:
        """Return an exception with what this head says, the call's secrets masked."""
        secrets = self.report.secrets
        error.reason = scrub(error.reason or "", secrets)
        error.args = (error.status, error.reason)
        error.body = scrub_bytes(BytesIO(error.body), secrets)
        error.headers = self._masked_headers()
        error.retry_after = parse_retry_after(self.headers)
        error.idempotency_key = self.report.idempotency_key
        error.tries = self.tries
        return error

    def refuse(self, kind: type[ApiException], why: str, body: bytes = b"") -> ApiException:
        """Build the exception of an answer that came, but cannot be read; the caller raises it."""
        return self.describe(kind(self.status, f"{self.reason}, but {why}", body=body))

    def _masked_headers(self) -> ResponseHeaders:
        masked = ResponseHeaders()
        for name, value in self.headers.iteritems():
            masked.add(scrub(name, self.report.secrets), _mask(name, value, self.report.secrets))
        return masked


def make_headers(given: Any, secrets: list[str]) -> HTTPHeaderDict:
    """Return the header fields of an answer; what holds a secret prints masked.

    Args:
        given: those of urllib3, or others with `items()`, as a tool may bring.
        secrets: the secrets.

    """
    headers: HTTPHeaderDict
    headers = given if isinstance(given, HTTPHeaderDict) else HTTPHeaderDict(given.items())
    shown = Secret("\n".join(f"{name}: {value}" for name, value in headers.iteritems()))
    names = map(str.lower, headers)
    if SENSITIVE_HEADERS.isdisjoint(names) and scrub(shown, secrets) == shown:
        return headers
    guarded = ResponseHeaders()
    for name, value in headers.iteritems():
        is_clean = _mask(name, value, secrets) == value
        guarded.add(scrub(name, secrets), value if is_clean else Secret(value))
    return guarded


def _mask(name: str, value: str, secrets: list[str]) -> str:
    """Return what of the value of a header field may be shown."""
    shown = Secret(mask_headers([(name, value)])[name])
    shown = Secret(mask_url(shown)) if name.lower() == "location" else shown
    return scrub(shown, secrets)
