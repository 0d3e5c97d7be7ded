"""How failures of the transport become exceptions of the call."""

from __future__ import annotations

import http.client
import socket
from typing import NoReturn

from urllib3.exceptions import EmptyPoolError, HTTPError

from gentrace.configuration.secrets import mask_text
from gentrace.exceptions import (
    ApiConnectionException,
    ApiException,
    ApiProxyException,
    ApiTimeoutException,
    ApiTlsException,
    exception_class,
)
from gentrace.rest.attempt import WAITING, Attempt
from gentrace.rest.budgeted_reader import BudgetError
from gentrace.rest.decoding import DecodingError
from gentrace.rest.error_details import causes, detach_cause, format_error, partial_body, set_cause
from gentrace.rest.framing import FramingError
from gentrace.rest.tls_errors import explain_tls, is_tls_error, rejects_client_certificate

_FAILURES = (
    HTTPError,
    OSError,
    http.client.HTTPException,
    ValueError,
    OverflowError,
    MemoryError,
    BudgetError,
    DecodingError,
    FramingError,
    ImportError,  # urllib3 imports modules during calls, which fails as the interpreter ends
)
"""What the transport may raise; anything else, such as an interrupt, passes through."""


def is_failure(error: BaseException, attempt: Attempt) -> bool:
    """Tell whether an error is a failure of the transport, rather than an interrupt.

    Raises:
        TimeoutError: a signal handler raised it and the transport wrapped it; raised bare again.

    """
    if not isinstance(error, _FAILURES):
        return False
    cause = causes(error)[-1]
    if attempt.deadline.may_have_raised(cause):
        return True
    if cause is error:
        return False
    raise cause from None


def to_exception(error: BaseException, attempt: Attempt) -> ApiException:
    """Build the exception of a failure, with its cause; the caller raises it."""
    state = attempt.state
    if isinstance(error, FramingError) and error.status:
        return state.make_error(error, exception_class(error.status), str(error))
    cause = detach_cause(error)
    kind, why = _classify(cause, attempt)
    safe = mask_text(f"{state.route.label}: {why}", state.secrets)
    failure = kind(0, safe, idempotency_key=state.idempotency_key, tries=state.tries)
    set_cause(failure, cause, state.secrets)
    return failure


def raise_failure(failure: ApiException) -> NoReturn:
    """Raise an exception with its cause alone: the frames of other errors hold secrets."""
    try:
        raise failure from failure.__cause__
    finally:
        failure.__context__ = None
        del failure  # its traceback would refer back to it


def _classify(  # noqa: PLR0911 - one return a verdict
    cause: BaseException, attempt: Attempt
) -> tuple[type[ApiConnectionException], str]:
    deadline, phase, state = attempt.deadline, attempt.phase, attempt.state
    if deadline.has_passed():
        return ApiTimeoutException, f"the call's {deadline.total:g} s were up while {phase}"
    if isinstance(cause, (TimeoutError, EmptyPoolError)):
        return (
            ApiTimeoutException,
            f"nothing happened for {attempt.timeout:g} s while {phase}",
        )
    is_connecting = not attempt.was_sent
    if isinstance(cause, (ImportError, MemoryError)):
        attempt.is_permanent = True
    if is_tls_error(cause) and (is_connecting or rejects_client_certificate(cause)):
        attempt.is_permanent = True
        return ApiTlsException, explain_tls(cause)
    if _PLAIN_TO_TLS in _start_of_answer(cause):
        attempt.is_permanent = True
        return ApiTlsException, "it speaks TLS at this port; use https://"
    kind = ApiProxyException if is_connecting and state.route.has_proxy else ApiConnectionException
    if "Tunnel connection failed" in str(cause) or hasattr(cause, "socket_err"):
        attempt.is_permanent = True
        return kind, f"the proxy refused: {format_error(cause)}"
    if isinstance(cause, BudgetError):
        return kind, f"more bytes than an answer may have, while {phase}"
    if isinstance(cause, socket.gaierror):
        return kind, f"the name cannot be resolved: {format_error(cause)}{_hint(cause, attempt)}"
    return kind, f"{format_error(cause)}, while {phase}{_hint(cause, attempt)}"


def _hint(cause: BaseException, attempt: Attempt) -> str:
    """Return what the user may check, empty for nothing."""
    route = attempt.state.route
    is_unanswered = isinstance(cause, http.client.RemoteDisconnected) and attempt.phase == WAITING
    if is_unanswered and not route.uses_tls:
        return " (if it speaks TLS at this port, use https://)"
    if isinstance(cause, socket.gaierror) and not route.has_proxy:
        return "; check Configuration.host or GENTRACE_HOST"
    if isinstance(cause, ConnectionRefusedError) and not route.has_proxy:
        return "; check Configuration.host or GENTRACE_HOST, or run: python -m gentrace local"
    return ""


_PLAIN_TO_TLS = b"\x15\x03"
"""How a TLS alert begins, which a TLS port sends in answer to plain HTTP."""


def _start_of_answer(error: BaseException) -> bytes:
    if isinstance(error, http.client.BadStatusLine):
        return str(error).encode("latin-1", "replace")
    return partial_body(error).getvalue()
