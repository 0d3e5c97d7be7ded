"""JSON texts of the parts of a step: content, names and errors."""

from __future__ import annotations

from gentrace.schemas import Dumps, encode
from gentrace.schemas.builtin_types import is_instance, type_of
from gentrace.schemas.json_text import compact_encoder
from gentrace.schemas.json_values import (
    BEYOND_MAX_BYTES,
    encode_json_value,
    to_json_value,
    without_lone_surrogates,
)
from gentrace.schemas.lenient_conversions import exception_text, truncate

MAX_ERROR_LENGTH = 1_000
"""How many characters of an error are kept."""


def encode_content(name: str, value: object, dumps: Dumps | None) -> bytes:
    """Return the JSON text of one property of the content of a step, with its name.

    A value that is not a mapping is wrapped in an object, such as ``{"output": value}``.

    Args:
        name: wire name of the property.
        value: its value.
        dumps: a faster encoder, as `find_encoder` returns it.

    """
    text = encode_json_value(value, dumps)
    # A text that is too long becomes an object that says so, but is not a mapping.
    is_note = text == _NOTE and not issubclass(type_of(value), dict)
    if is_note or not text.startswith(b"{"):
        text = b'{"%b":%b}' % (_WRAPPER_KEYS[name], text)
    return _NAMES[name] + text


_NOTE = encode(BEYOND_MAX_BYTES)
_WRAPPER_KEYS = {"modelParams": b"model_params", "inputs": b"input", "outputs": b"output"}
_NAMES = {name: b'"%b":' % name.encode() for name in _WRAPPER_KEYS}


def encode_text(value: object) -> bytes:
    """Return the JSON string of a text; another value is converted to text first."""
    return _encoder.encode(without_lone_surrogates(as_text(value))).encode()


_encoder = compact_encoder()


def as_text(value: object) -> str:
    """Return a text as it is; another value as its JSON value, encoded unless that is a string."""
    if type(value) is str:
        return value
    plain = to_json_value(value)
    return plain if isinstance(plain, str) else encode(plain).decode()


def truncate_error(text: str) -> str:
    """Return the text of an error, truncated."""
    return truncate(text, MAX_ERROR_LENGTH)


def error_text(error: BaseException) -> str | None:
    """Return the text recorded for an exception that leaves a step or run; None for no error."""
    kind = type_of(error)  # not its `__class__`, which may be anything
    if issubclass(kind, GeneratorExit):
        return None
    if is_instance(error, "asyncio.exceptions", "CancelledError"):
        return "cancelled"
    return exception_text(error)
