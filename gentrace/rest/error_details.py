"""What an error says, without what nobody may see."""

from __future__ import annotations

import http.client
import ssl
from io import BytesIO
from typing import Any, cast

from gentrace.configuration.secrets import Secret, mask_url, scrub, scrub_bytes


def format_error(error: BaseException) -> str:
    """Return an error in words."""
    if isinstance(error, MemoryError):
        return "no memory is left"
    if isinstance(error, OSError) and error.strerror and not isinstance(error, ssl.SSLError):
        return error.strerror
    if isinstance(error, http.client.UnknownProtocol):
        return f"it answered with another version of HTTP: {error}"
    if type(error) is http.client.BadStatusLine:  # its subclass is of a connection that was closed
        line = mask_url(str(error)).strip() or "an empty line"
        return f"it answered with no status line of HTTP: {line}"
    return mask_url(str(error)) or type(error).__name__


def causes(error: BaseException) -> list[BaseException]:
    """Return an error and what it came of, the first cause last, each once."""
    links: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and all(link is not known for known in links):
        links.append(link)
        # PySocks says it in a way of its own, and urllib3 in its arguments.
        inner = (argument for argument in link.args if isinstance(argument, BaseException))
        link = link.__cause__ or getattr(link, "socket_err", None) or next(inner, None)
    return links


def detach_cause(error: BaseException) -> BaseException:
    """Return the first cause of an error, without the tracebacks, whose frames hold secrets."""
    links = causes(error)
    for link in links:
        link.__traceback__ = None  # which its frames would hold in a circle, too
    first = links[-1]
    first.__cause__ = first.__context__ = None
    return first


def is_clean(error: BaseException, secrets: list[str]) -> bool:
    """Tell whether an error may be shown: nothing that it holds is a secret."""
    shown = Secret(f"{error} {error!r} {error.args} {vars(error)}")
    partial = partial_body(error)
    has_none = scrub_bytes(partial, secrets) == partial.getvalue()
    return has_none and scrub(shown, secrets) == shown


def partial_body(*errors: BaseException) -> BytesIO:
    """Return the bytes that one of some errors holds, in what a traceback does not show."""
    for error in errors:
        # urllib3 only counts them.
        if isinstance(getattr(error, "partial", 0), bytes):
            return BytesIO(cast("Any", error).partial)
    return BytesIO()
