"""Checks of the arguments of a call, its declared body apart."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import cast

from gentrace.configuration import (
    SECURITY_SCHEMES,
    check_header_text,
    check_text,
    refuse,
    refuse_type,
)
from gentrace.configuration.secrets import MASK, mask_text
from gentrace.exceptions import ApiValueError

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

_MAX_KEY = 255
"""How many characters an idempotency key may have."""


def check_accept(content_types: object) -> tuple[str, ...]:
    """Return the media types for `Accept`.

    Raises:
        ApiTypeError: no list or tuple of strings.
        ApiValueError: an empty one, or one that cannot be sent.

    """
    items = check_list("accept_content_types", content_types, "a tuple of media types")
    texts = tuple(check_header_text("accept_content_types", item) for item in items)
    if "" in texts:
        raise refuse("accept_content_types", "a media type in each place", texts)
    return texts


def make_key(method: str, given: str | None) -> str | None:
    """Return the idempotency key of a call; None for a safe method without a given key.

    Raises:
        ApiTypeError: the given key is no string.
        ApiValueError: the given key cannot be sent.

    """
    if given is None:
        return None if method in _SAFE_METHODS else os.urandom(16).hex()
    text = check_header_text("idempotency_key", given)
    if not text.isascii() or not 0 < len(text) <= _MAX_KEY:
        raise refuse("idempotency_key", f"1 to {_MAX_KEY} ASCII characters", text)
    return text


def check_method(value: object) -> str:
    """Return an HTTP method in upper case; ApiTypeError or ApiValueError if it is not one."""
    text = check_text("method", value, "an HTTP method")
    if not text.isascii() or not text.isalpha():
        raise refuse("method", "an HTTP method, such as GET", text)
    return text.upper()


def check_target(value: object, secrets: Sequence[str] = ()) -> str:
    """Return an escaped path with its query; ApiTypeError or ApiValueError if it is not one.

    The error shows none of `secrets`.
    """
    text = check_text("resource_path", value, "a path")
    is_printable = text.isascii() and text.isprintable()
    if not text.startswith("/") or "#" in text or " " in text or not is_printable:
        path, mark, _ = text.partition("?")  # the query may hold a key, so it is not shown
        shown = mask_text(path, secrets) + (f"?{MASK}" if mark else "")
        raise refuse("resource_path", "an escaped path that starts with /", shown)
    return text


def check_auth(given: object) -> list[str]:
    """Return names of security schemes; ApiTypeError or ApiValueError if one is unknown."""
    expected = f"a list of names of security schemes, of {', '.join(SECURITY_SCHEMES)}"
    names = [
        check_text("auth_settings", name) for name in check_list("auth_settings", given, expected)
    ]
    if not SECURITY_SCHEMES.keys() >= set(names):
        # The wrong name is not shown, as it may be the token.
        raise ApiValueError(f"auth_settings: expected {expected}, got another name")
    return names


def encode_body(body: object, fields: object) -> bytes | None:
    """Return a body as bytes; a string and the fields of a form become UTF-8; None for none.

    Raises:
        ApiTypeError: of another type.
        ApiValueError: both a body and fields, or a lone surrogate.

    """
    if fields is not None:
        if body is not None:
            raise ApiValueError("fields: expected None beside a body, as they are one")
        return _encode_form(fields)
    if isinstance(body, str):
        return _encode("body", body)
    if not (body is None or isinstance(body, bytes)):
        raise refuse("body", "bytes, a string or None", body, kind=True)
    return body


def _encode_form(fields: object) -> bytes:
    from urllib.parse import urlencode  # noqa: PLC0415 - few calls send a form

    pairs: list[tuple[bytes, bytes]] = []
    for field in check_list("fields", fields, _PAIRS):
        if len(pair := check_list("fields", field, _PAIRS)) != 2:  # noqa: PLR2004 - a pair
            raise refuse_type("fields", _PAIRS, field)
        pairs.append((_encode("fields", pair[0]), _encode("fields", pair[1])))
    return urlencode(pairs).encode()


_PAIRS = "a list of pairs of strings, a name and a value"


def _encode(name: str, value: object) -> bytes:
    try:
        return check_text(name, value).encode()
    except UnicodeEncodeError as error:
        raise ApiValueError(
            f"{name}: expected text that UTF-8 can carry, "
            f"got a lone surrogate at character {error.start}"
        ) from None


def check_list(name: str, value: object, expected: str) -> Sequence[object]:
    """Return a list or tuple; ApiTypeError if it is neither, without the value in its text."""
    if not isinstance(value, (list, tuple)):
        raise refuse_type(name, expected, value)
    return cast("Sequence[object]", value)
