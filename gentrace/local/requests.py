"""Parsing of header fields and query parameters."""

import re
from collections.abc import Collection
from dataclasses import fields
from email.message import Message
from math import inf
from typing import Final

from starlette.requests import Request

from gentrace.local.checks import is_date_time
from gentrace.local.filters import MAX_TERMS, Filters, search_terms
from gentrace.local.responses import RequestError
from gentrace.local.summaries import to_milliseconds

# Characters: Python takes seconds to parse one of 60,000, and no other request is answered then.
MAX_CONTENT_TYPE: Final = 1000
FILTER_NAMES: Final = tuple(field.name for field in fields(Filters))


def single_header(request: Request, name: str) -> str | None:
    """Return a header field, None if it is missing; `RequestError` 400 if it is repeated."""
    values = request.headers.getlist(name)
    if len(values) > 1:
        raise RequestError(400, "the header is given more than once", name.title())
    return values[0] if values else None


def query_parameters(request: Request, allowed: Collection[str]) -> dict[str, str]:
    """Return the query parameters; `RequestError` 400 if one is unknown or repeated."""
    parameters: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in allowed:
            message = (
                f"the known ones are {', '.join(allowed)}" if allowed else "this path takes none"
            )
            raise RequestError(400, f"the parameter is unknown: {message}", name)
        if name in parameters:
            raise RequestError(400, "the parameter is given more than once", name)
        parameters[name] = value
    return parameters


def parse_filters(parameters: dict[str, str]) -> Filters:
    """Parse the filters in the query; `RequestError` 400 for an invalid value."""
    text = parameters.get("text")
    terms = None if text is None else len(search_terms(text))
    if terms == 0:
        raise RequestError(400, "text is words to search for", "text")
    if terms is not None and terms > MAX_TERMS:
        raise RequestError(400, f"text is at most {MAX_TERMS} words, not {terms}", "text")
    return Filters(
        name=parameters.get("name"),
        text=text,
        since=_date_time(parameters, "since"),
        until=_date_time(parameters, "until"),
        has_error=_boolean(parameters, "has_error"),
        min_duration=_milliseconds(parameters, "min_duration"),
    )


def parse_number(parameters: dict[str, str], name: str, default: int, most: int) -> int:
    """Parse a number from 1 to `most`; `RequestError` 400 for anything else."""
    text = parameters.get(name, str(default))
    if not re.fullmatch("[0-9]{1,9}", text, re.ASCII) or not 1 <= int(text) <= most:
        raise RequestError(400, f"{name} is a number from 1 to {most}", name)
    return int(text)


def parse_choice(parameters: dict[str, str], name: str, choices: Collection[str]) -> str | None:
    """Return a parameter with one of the allowed values, None if it is missing."""
    value = parameters.get(name)
    if value is not None and value not in choices:
        raise RequestError(400, f"{name} is {' or '.join(choices)}", name)
    return value


def is_json(content_type: str) -> bool:
    """Return whether a `Content-Type` means JSON in UTF-8; one that is too long does not."""
    if len(content_type) > MAX_CONTENT_TYPE:
        return False
    message = Message()
    message["Content-Type"] = content_type
    try:
        # Not get_content_charset(): it takes a charset that it cannot decode for a missing one.
        charset = str(message.get_param("charset", "utf-8"))
    except TypeError:  # a parameter that is given in parts and as a whole
        return False
    is_utf8 = charset.lower() in ("utf-8", "utf8")
    return message.get_content_type() == "application/json" and is_utf8


def has_gzip_body(request: Request) -> bool:
    """Return whether the body is gzip, False if it is plain; else `RequestError` 415."""
    coding = (single_header(request, "content-encoding") or "identity").strip().lower()
    if coding not in ("identity", "gzip", "x-gzip"):
        message = "the body may be plain or gzip"
        raise RequestError(415, message, "Content-Encoding", {"Accept-Encoding": "gzip, identity"})
    return coding != "identity"


def _date_time(parameters: dict[str, str], name: str) -> float | None:
    text = parameters.get(name)
    if text is None:
        return None
    if not is_date_time(text):
        message = f"{name} is an RFC 3339 date and time, such as 2023-05-04T09:30:00Z"
        raise RequestError(400, f"{message} (a + is %2B in a query)", name)
    return to_milliseconds(text)


def _boolean(parameters: dict[str, str], name: str) -> bool | None:
    value = parse_choice(parameters, name, ("true", "false"))
    return None if value is None else value == "true"


def _milliseconds(parameters: dict[str, str], name: str) -> float | None:
    text = parameters.get(name)
    if text is None:
        return None
    # A JSON number, such as 1e-05. `float` also accepts others, such as 1_000 and nan.
    is_number = re.fullmatch(r"[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?", text, re.ASCII)
    if is_number is None or float(text) == inf:
        raise RequestError(400, f"{name} is a number of milliseconds from 0, such as 1250.5", name)
    return float(text)
