"""Dates and times of RFC 3339."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from typing import Any

from gentrace.exceptions import ApiValueError
from gentrace.process import fork_safe_imports
from gentrace.schemas.builtin_types import is_instance
from gentrace.schemas.conversions import ask, simplify
from gentrace.schemas.words import describe

DATE_TIME_WORDS = "an RFC 3339 date and time"


def as_datetime(text: str | datetime) -> datetime:
    """Return the aware datetime of an RFC 3339 date and time; digits beyond microseconds are cut.

    Args:
        text: the date and time, as a model holds it, or an aware datetime.

    Raises:
        ApiTypeError: neither a string nor a datetime.
        ApiValueError: not an RFC 3339 date and time, or a naive datetime.

    """
    checked = to_date_time_text(text)
    if not is_date_time(checked):
        raise invalid_date_time(checked)
    return _load_isoparse()(checked.upper())


@cache
def _load_isoparse() -> Callable[[str], datetime]:
    with fork_safe_imports():
        from dateutil.parser import isoparse  # noqa: PLC0415 - heavy, and few programs need it

    return isoparse


def to_date_time_text(value: object) -> str:
    """Return a string as it is, and an aware datetime in the format of RFC 3339.

    Raises:
        ApiTypeError: neither of them.
        ApiValueError: a naive datetime.

    """
    if is_instance(value, "datetime", "datetime"):
        value = ask(_format_datetime, value)
    text: str = simplify(value, "a string", str)
    return text


def is_date_time(text: str) -> bool:
    """Tell whether a text is an RFC 3339 date and time that exists in the calendar."""
    match = _pattern().fullmatch(text)
    return match is not None and (match[1] is None or _is_in_calendar(text[:10]))


def invalid_date_time(text: str) -> ApiValueError:
    """Build the error of an invalid date and time; the caller raises it."""
    return ApiValueError(
        f"expected {DATE_TIME_WORDS} such as '2023-05-04T09:30:00.125Z', got {describe(text)}",
        (),
    )


@cache
def _pattern() -> re.Pattern[str]:
    """Compile the format of RFC 3339, on first use as compiling is slow.

    Its group is a day that not every month has.
    """
    return re.compile(
        r"(?!0000)[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8]|(29|3[01]))"
        r"[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?"
        r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
    )


def _is_in_calendar(day: str) -> bool:
    try:
        date.fromisoformat(day)
    except ValueError:  # such as February 30
        return False
    return True


def _format_datetime(value: Any) -> str:
    if value != value:  # noqa: PLR0124 - pandas' NaT, which is a datetime
        raise ApiValueError(
            f"expected {DATE_TIME_WORDS}, got {describe(value)}, which is none: leave it out", ()
        )
    offset = value.utcoffset()
    if offset is None:
        raise ApiValueError(
            f"expected a datetime with a time zone, got the naive {describe(value)}: "
            f"make it aware, such as with datetime.now(timezone.utc)",
            (),
        )
    if offset.total_seconds() % 60:  # RFC 3339 offsets have no seconds
        from datetime import UTC  # noqa: PLC0415 - rarely needed

        value = value.astimezone(UTC)
    return str(value.isoformat())
