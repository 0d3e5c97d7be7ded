"""JSON texts: encoded for requests, decoded from answers."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from importlib import import_module
from json import JSONDecoder, JSONEncoder
from typing import Any

from gentrace.exceptions import ApiValueError
from gentrace.schemas.full_stack import call_with_full_stack
from gentrace.schemas.rules import MAX_DEPTH, MAX_DIGITS

Dumps = Callable[[Any], bytes]
"""An encoder of JSON in UTF-8 that is faster than the standard library's: `orjson.dumps`."""


def encode(value: object, dumps: Dumps | None = None) -> bytes:
    """Return a checked value as compact JSON in UTF-8.

    Args:
        value: the value.
        dumps: a faster encoder; None for the standard library's, which is also used for a value
            that the faster one refuses with a TypeError.

    Raises:
        ApiValueError: an integer has more digits, or the value more levels, than this interpreter
            can write.

    """
    if dumps is not None:
        try:
            return dumps(value)
        except TypeError:  # such as an integer beyond 64 bits
            pass
    try:
        return call_with_full_stack(_encoder.encode, value).encode()
    except (ValueError, RecursionError) as error:
        raise ApiValueError(f"cannot be written as JSON: {error}") from error


@cache  # if orjson is not installed, each search for it takes tens of microseconds
def find_encoder(setting: str) -> Dumps | None:
    """Return the encoder of a `Configuration.json_encoder`; None for the standard library's."""
    if setting == "json":
        return None
    try:
        orjson = import_module("orjson")
    except ImportError:
        return None
    dumps: Callable[..., bytes] = orjson.dumps
    options = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
    return lambda value: dumps(value, None, options)


def decode(data: bytes) -> Any:
    """Return the value of a JSON text in UTF-8; NaN and the infinities are not JSON.

    Raises:
        ValueError: not UTF-8, not JSON, nested deeper than 200 levels, or an integer of more than
            4,300 digits. These limits do not depend on the interpreter's.

    """
    text = data.decode().removeprefix("\ufeff")
    if _is_too_deep(data):
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    try:
        return call_with_full_stack(_parse, text)
    except RecursionError as error:
        raise ValueError("nested deeper than sys.setrecursionlimit allows") from error


compact_encoder = partial(
    JSONEncoder, ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")
)
"""Makes the encoders of the standard library that are used here."""

_encoder = compact_encoder()


_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def _is_too_deep(data: bytes) -> bool:
    """Tell whether containers are nested too deeply, by a scan that does not recurse.

    In a text that is not JSON, it holds for the part before the first syntax error.
    """
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return False
    without_escapes = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    outside_of_strings = b"".join(without_escapes.split(b'"')[::2])
    depth = 0
    for bracket in outside_of_strings.translate(None, _NO_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _parse(text: str) -> Any:
    if sys.get_int_max_str_digits() == MAX_DIGITS:
        # The interpreter's own limit spares a call for each integer.
        with suppress(ValueError):  # the other decoder raises it, in our words
            return _decoder.decode(text)
    return _counting_decoder.decode(text)


def _parse_integer(text: str) -> int:
    """Return an integer of limited length, as the time to parse one grows with its square."""
    if len(text) - text.startswith("-") > MAX_DIGITS:
        raise ValueError(f"an integer of more than {MAX_DIGITS} digits")
    return int(text)


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


_decoder = JSONDecoder(parse_constant=_refuse_constant)
_counting_decoder = JSONDecoder(parse_int=_parse_integer, parse_constant=_refuse_constant)
