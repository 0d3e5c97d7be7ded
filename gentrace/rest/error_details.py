"""What can be said about an error without revealing a secret."""

from __future__ import annotations

import http.client
import ssl
from io import BytesIO
from typing import Any, cast

from gentrace.configuration.secrets import Secret, mask_bytes, mask_text, mask_url


def format_error(error: BaseException) -> str:
    """Return the text of an error for a message."""
    if isinstance(error, MemoryError):
        return "no memory is left"
    if isinstance(error, OSError) and error.strerror and not isinstance(error, ssl.SSLError):
        return error.strerror
    if isinstance(error, http.client.IncompleteRead):
        # Its own text counts the bytes that it holds, which are not all that were read.
        missing = f", with at least {error.expected} of its bytes missing" if error.expected else ""
        return f"the connection was closed before a whole answer{missing}"
    if isinstance(error, http.client.UnknownProtocol):
        return f"it answered with another version of HTTP: {error}"
    if type(error) is http.client.BadStatusLine:  # not its subclass RemoteDisconnected
        line = mask_url(str(error)).strip() or "an empty line"
        return f"it answered with no status line of HTTP: {line}"
    return mask_url(str(error)) or type(error).__name__


def causes(error: BaseException) -> list[BaseException]:
    """Return an error and its causes, the root cause last, each once."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and all(link is not known for known in chain):
        chain.append(link)
        # PySocks has the cause in `socket_err`, urllib3 in its arguments.
        inner = (argument for argument in link.args if isinstance(argument, BaseException))
        link = link.__cause__ or getattr(link, "socket_err", None) or next(inner, None)
    return chain


def detach_cause(error: BaseException) -> BaseException:
    """Return the root cause of an error, without tracebacks: their frames hold secrets.

    It also ends the reference cycles between the errors and these frames.
    """
    chain = causes(error)
    for link in chain:
        link.__traceback__ = None
    root = chain[-1]
    root.__cause__ = root.__context__ = None
    return root


def set_cause(failure: BaseException, cause: BaseException, secrets: list[str]) -> None:
    """Chain a cause to an exception, unless a value of the cause contains a secret."""
    shown = Secret(f"{cause} {cause!r} {cause.args} {vars(cause)}")
    partial = partial_body(cause)
    if mask_bytes(partial, secrets) == partial.getvalue() and mask_text(shown, secrets) == shown:
        failure.__cause__ = cause


def partial_body(*errors: BaseException) -> BytesIO:
    """Return the part of a body that one of some errors holds.

    As a BytesIO, so that tracebacks do not show the bytes.
    """
    for error in errors:
        # http.client keeps the bytes; urllib3 has their count under the same name.
        if isinstance(getattr(error, "partial", 0), bytes):
            return BytesIO(cast("Any", error).partial)
    return BytesIO()
