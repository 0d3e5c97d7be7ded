"""Validation of texts: header fields, the token, keywords of JSON Schema, the JSON encoder."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from frozendict import frozendict

from gentrace.configuration.errors import refuse, refuse_type
from gentrace.configuration.secrets import Secret
from gentrace.exceptions import ApiValueError

T = TypeVar("T")

_KEYWORDS = """
exclusiveMaximum exclusiveMinimum format maxItems maxLength maxProperties maximum minItems minLength
minProperties minimum multipleOf pattern required uniqueItems
"""
VALIDATION_KEYWORDS = frozenset(_KEYWORDS.split())
"""The keywords that `disabled_client_side_validations` may name."""


def check_text(name: str, value: object, expected: str = "a string") -> str:
    """Return a string as a plain str: a subclass, such as an Enum, may print as another text.

    Raises:
        ApiTypeError: not a string; the message does not show the value.

    """
    if not isinstance(value, str):
        raise refuse_type(name, expected, value)
    return str.__str__(value)


def check_header_text(name: str, value: object) -> str:
    """Return a text that is a valid value of a header field.

    Raises:
        ApiTypeError: not a string.
        ApiValueError: it has control characters, line breaks, characters beyond latin-1, or blanks
            at either end; the message does not show the text, which may be a secret.

    """
    text = check_text(name, value)
    if wrong := re.search(r"[^ -~\xa0-\xff]", text):
        raise ApiValueError(
            f"{name}: expected printable latin-1 characters, {_describe_character(wrong)}"
        )
    if text != text.strip():
        raise ApiValueError(f"{name}: expected no blanks at either end, strip the value")
    return text


def check_header_name(name: str, value: object) -> str:
    """Return the name of a header field.

    Raises:
        ApiTypeError: not a string.
        ApiValueError: it is invalid; the message does not show it, as it may hold a secret value.

    """
    text = check_text(name, value, "a header name")
    wrong = re.search(r"[^!#$%&'*+\-.^_`|~0-9A-Za-z]", text)
    if wrong or not text:
        got = _describe_character(wrong) if wrong else "got an empty string"
        raise ApiValueError(f"{name}: expected a header name of letters, digits and -, {got}")
    return text


def _describe_character(wrong: re.Match[str]) -> str:
    return f"got {wrong[0]!a} at character {wrong.start()}"


def check_headers(name: str, value: object) -> Mapping[str, Secret]:
    """Return header fields by name; ApiTypeError or ApiValueError if one is invalid."""
    return mapping_of(check_header, "of header names to values", check_header_name)(name, value)


def check_header(name: str, value: object) -> Secret:
    """Return the value of a header field as a secret."""
    return Secret(check_header_text(name, value))


def check_token(name: str, value: object) -> Secret:
    """Return a token as a secret; no message shows it."""
    text = check_header(name, value)
    if not text:
        raise ApiValueError(f"{name}: expected a token, got an empty string; None is for no token")
    return text


def check_keywords(name: str, value: object) -> frozenset[str]:
    """Return keywords of JSON Schema, from a comma-separated text or a frozenset."""
    if isinstance(value, frozenset):  # the form in which the attribute reads
        value = ",".join(map(str, cast("frozenset[object]", value)))
    text = check_text(name, value, "keywords with commas between them")
    keywords = frozenset(keyword.strip() for keyword in text.split(",")) - {""}
    for keyword in sorted(keywords - VALIDATION_KEYWORDS):
        raise refuse(name, f"some of {', '.join(sorted(VALIDATION_KEYWORDS))}", keyword)
    return keywords


def check_encoder(name: str, value: object) -> str:
    """Return the name of a JSON encoder."""
    text = check_text(name, value, "'auto' or 'json'")
    if text not in {"auto", "json"}:
        raise refuse(name, "'auto' or 'json'", value)
    return text


def or_none(check: Callable[[str, Any], T]) -> Callable[[str, Any], T | None]:
    """Make a check that accepts None too."""
    return lambda name, value: None if value is None else check(name, value)


def mapping_of(
    check: Callable[[str, Any], T],
    expected: str,
    check_key: Callable[[str, Any], str] = check_text,
) -> Callable[[str, Any], Mapping[str, T]]:
    """Make a check of mappings, of each key and each value; None becomes an empty mapping."""

    def check_each(name: str, value: object) -> Mapping[str, T]:
        if value is None:
            return frozendict[str, T]()
        if not isinstance(value, Mapping):
            raise refuse_type(name, f"a mapping {expected}", value)
        items = cast("Mapping[object, object]", value).items()
        keys = ((check_key(name, key), item) for key, item in items)
        return frozendict[str, T]({key: check(f"{name}[{key!r}]", item) for key, item in keys})

    return check_each
