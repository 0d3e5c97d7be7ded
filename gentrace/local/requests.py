"""What a request says beside its body: header fields and query parameters."""

import re
from collections.abc import Collection
from email.message import Message
from functools import lru_cache
from math import inf

from starlette.requests import Request

from gentrace.local.checks import is_date_time
from gentrace.local.filters import Filters, words_of
from gentrace.local.refusal import Refusal
from gentrace.local.summaries import instant

FILTERS = ("name", "text", "since", "until", "has_error", "min_duration")


def header(request: Request, name: str) -> str | None:
    """Give a header field that may be there once; `Refusal` 400 if it is there twice."""
    values = request.headers.getlist(name)
    if len(values) > 1:
        raise Refusal(400, "the header is given more than once", name.title())
    return values[0] if values else None


def query(request: Request, known: Collection[str]) -> dict[str, str]:
    """Give the query parameters; `Refusal` 400 for an unknown one, and one that is there twice."""
    parameters: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in known:
            words = f"the known ones are {', '.join(known)}" if known else "this path takes none"
            raise Refusal(400, f"the parameter is unknown: {words}", name)
        if name in parameters:
            raise Refusal(400, "the parameter is given more than once", name)
        parameters[name] = value
    return parameters


def filters(parameters: dict[str, str]) -> Filters:
    """Make the filters that parameters ask for; `Refusal` 400 for one that cannot be."""
    text = parameters.get("text")
    if text is not None and not words_of(text):
        raise Refusal(400, "text is words to search for", "text")
    return Filters(
        name=parameters.get("name"),
        text=text,
        since=_moment(parameters, "since"),
        until=_moment(parameters, "until"),
        has_error=_flag(parameters, "has_error"),
        min_duration=_milliseconds(parameters, "min_duration"),
    )


def number(parameters: dict[str, str], name: str, default: int, most: int) -> int:
    """Give a parameter that is a number from 1; `Refusal` 400 if it is another."""
    text = parameters.get(name, str(default))
    if not re.fullmatch("[0-9]{1,9}", text, re.ASCII) or not 1 <= int(text) <= most:
        raise Refusal(400, f"{name} is a number from 1 to {most}", name)
    return int(text)


def choice(parameters: dict[str, str], name: str, choices: Collection[str]) -> str | None:
    """Give a parameter that is one of some words, None if it is not there."""
    value = parameters.get(name)
    if value is not None and value not in choices:
        raise Refusal(400, f"{name} is {' or '.join(choices)}", name)
    return value


@lru_cache(maxsize=64)
def is_json(content_type: str) -> bool:
    """Whether a media type is that of JSON in UTF-8, however it is spelled."""
    message = Message()
    message["Content-Type"] = content_type
    # As it stands: what cannot be decoded in it would count as missing.
    charset = str(message.get_param("charset", "utf-8"))
    is_utf8 = charset.lower() in ("utf-8", "utf8")
    return message.get_content_type() == "application/json" and is_utf8


def is_packed(request: Request) -> bool:
    """Whether the body is gzip; `Refusal` 415 for anything else but plain."""
    coding = (header(request, "content-encoding") or "identity").strip().lower()
    if coding not in ("identity", "gzip", "x-gzip"):
        words = "the body may be plain or gzip"
        raise Refusal(415, words, "Content-Encoding", {"Accept-Encoding": "gzip, identity"})
    return coding != "identity"


def _moment(parameters: dict[str, str], name: str) -> float | None:
    text = parameters.get(name)
    if text is None:
        return None
    if not is_date_time(text):
        words = f"{name} is an RFC 3339 date and time, such as 2023-05-04T09:30:00Z"
        raise Refusal(400, f"{words} (a + is %2B in a query)", name)
    return instant(text)


def _flag(parameters: dict[str, str], name: str) -> bool | None:
    value = choice(parameters, name, ("true", "false"))
    return None if value is None else value == "true"


def _milliseconds(parameters: dict[str, str], name: str) -> float | None:
    text = parameters.get(name)
    if text is None:
        return None
    # As JSON writes it, such as 1e-05; `float` takes more, such as 1_000 and nan.
    is_number = re.fullmatch(r"[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?", text, re.ASCII)
    if is_number is None or float(text) == inf:
        raise Refusal(400, f"{name} is a number of milliseconds from 0, such as 1250.5", name)
    return float(text)
