"""What the failures of a transport become: exceptions of the call."""

from __future__ import annotations

import http.client
import socket
from typing import TYPE_CHECKING

from urllib3.exceptions import EmptyPoolError, HTTPError

from gentrace.configuration.secrets import scrub
from gentrace.exceptions import (
    ApiConnectionException,
    ApiProxyException,
    ApiTimeoutException,
    ApiTlsException,
)
from gentrace.rest.decoding import DecodingError
from gentrace.rest.framing import FramingError
from gentrace.rest.incoming import BudgetError
from gentrace.rest.tls import explain_tls, is_tls_error, refuses_certificate
from gentrace.rest.words import causes, describe, find_cause, is_clean, partial_of

if TYPE_CHECKING:
    from gentrace.rest.attempt import Attempt
    from gentrace.rest.report import Report

FAILURES = (
    HTTPError,
    OSError,
    http.client.HTTPException,
    ValueError,
    OverflowError,
    MemoryError,
    BudgetError,
    DecodingError,
    FramingError,
    ImportError,  # urllib3 imports as it goes, and at the interpreter's end nothing can be had
)
"""What may go wrong with a request or its answer; whatever else comes is not the transport's."""


def is_failure(error: BaseException, attempt: Attempt) -> bool:
    """Tell whether an error is a failure of the transport, rather than an interrupt.

    Raises:
        TimeoutError: the handler of a signal has raised it, in the middle of the transport.

    """
    if not isinstance(error, FAILURES):
        return False
    cause = causes(error)[-1]
    if attempt.deadline.explains(cause):
        return True
    if cause is error:
        return False
    raise cause from None


def explain(
    error: BaseException, attempt: Attempt
) -> tuple[ApiConnectionException, BaseException | None]:
    """Build the exception that a failure of the transport becomes; return it with its cause."""
    cause = find_cause(error)
    report = attempt.report
    kind, why = _judge(cause, attempt)
    safe = scrub(f"{report.route.where}: {why}", report.secrets)
    failure = kind(0, safe, idempotency_key=report.idempotency_key, tries=report.tries)
    return failure, cause if is_clean(cause, report.secrets) else None


def _judge(  # noqa: PLR0911 - one return a verdict
    cause: BaseException, attempt: Attempt
) -> tuple[type[ApiConnectionException], str]:
    deadline, phase, report = attempt.deadline, attempt.phase, attempt.report
    if deadline.is_up():
        return ApiTimeoutException, f"the call's {deadline.total:g} s were up while {phase}"
    if isinstance(cause, (TimeoutError, EmptyPoolError)):
        return ApiTimeoutException, f"nothing happened for {attempt.limit:g} s while {phase}"
    is_connecting = not attempt.was_sent
    if isinstance(cause, (ImportError, MemoryError)):
        report.is_hopeless = True
    if is_tls_error(cause) and (is_connecting or refuses_certificate(cause)):
        report.is_hopeless = True
        return ApiTlsException, explain_tls(cause)
    if _PLAIN_TO_TLS in _start_of_answer(cause):
        report.is_hopeless = True
        return ApiTlsException, "it speaks TLS at this port; use https://"
    kind = ApiProxyException if is_connecting and report.route.has_proxy else ApiConnectionException
    if "Tunnel connection failed" in str(cause) or hasattr(cause, "socket_err"):
        report.is_hopeless = True
        return kind, f"the proxy refused: {describe(cause)}"
    if isinstance(cause, BudgetError):
        return kind, f"more bytes than an answer may have, while {phase}"
    if isinstance(cause, socket.gaierror):
        return kind, f"the name cannot be resolved: {describe(cause)}"
    return kind, f"{describe(cause)}, while {phase}{_hint(cause, report)}"


def _hint(cause: BaseException, report: Report) -> str:
    """Return where to look, as far as the cause tells."""
    if isinstance(cause, http.client.RemoteDisconnected) and not report.route.uses_tls:
        return " (if it speaks TLS at this port, use https://)"
    if isinstance(cause, ConnectionRefusedError) and not report.route.has_proxy:
        return "; check GENTRACE_HOST, or start a local server: python -m gentrace local"
    return ""


_PLAIN_TO_TLS = b"\x15\x03"
"""How a TLS alert begins: what a TLS port answers to plain HTTP."""


def _start_of_answer(error: BaseException) -> bytes:
    if isinstance(error, http.client.BadStatusLine):
        return str(error).encode("latin-1", "replace")
    return partial_of(error).getvalue()
