"""The JSON text of a step, put together of what was recorded of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from gentrace.schemas import encode
from gentrace.schemas.builtin_types import type_of
from gentrace.schemas.json_values import (
    encode_json_value,
    to_json_value,
    without_lone_surrogates,
)
from gentrace.schemas.lenient_conversions import exception_text, truncate

if TYPE_CHECKING:
    from gentrace.schemas.json_text import Dumps

MAX_ERROR = 1_000
"""How many characters of an error are kept."""


def encode_content(name: str, value: object, dumps: Dumps | None) -> bytes:
    """Return the JSON text of one part of the content of a step, with its name.

    What is no mapping stands in an object, under the name of what it is one of.

    Args:
        name: wire name of the part.
        value: its value.
        dumps: a faster encoder, as `find_encoder` returns it.

    """
    kind = type(value)
    # One by one, as `in` would run a metaclass's code.
    if kind is not dict and any(kind is each for each in _NO_MAPPINGS):
        value = {_NAMES[name]: value}
    text = encode_json_value(value, dumps)
    if not text.startswith(b"{"):
        text = encode_json_value({_NAMES[name]: value}, dumps)
    if not text.startswith(b"{"):
        text = b'{"truncated":%b}' % text
    return b'"%b":%b' % (name.encode(), text)


_NAMES = {"modelParams": "model_params", "inputs": "input", "outputs": "output"}
_NO_MAPPINGS: tuple[type, ...] = (str, int, float, bool, list, tuple, type(None))


def encode_text(value: object) -> bytes:
    """Return the JSON text of a text; what is none is made one."""
    return encode(without_lone_surrogates(text_of(value)))


def text_of(value: object) -> str:
    """Return a text as it is, and anything else as text."""
    if type(value) is str:
        return value
    plain = to_json_value(value)
    return plain if isinstance(plain, str) else encode(plain).decode()


def cut_error(text: str) -> str:
    """Return the text of an error, cut."""
    return truncate(text, MAX_ERROR)


def text_of_error(error: BaseException) -> str | None:
    """Return what is recorded of an exception that leaves a step or run, None if nothing is."""
    kind = type_of(error)  # as it may say that it is of another
    if issubclass(kind, GeneratorExit):
        return None
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None and issubclass(kind, asyncio.CancelledError):
        return "cancelled"
    return exception_text(error)
