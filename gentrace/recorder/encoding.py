"""The JSON text of a step, put together of what was recorded of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from gentrace.recorder.clock import in_milliseconds
from gentrace.schemas import encode, find_encoder
from gentrace.schemas.json_forms import cut, text_of_exception
from gentrace.schemas.json_values import encode_json_value, to_json_value, without_lone_surrogates

if TYPE_CHECKING:
    from gentrace.recorder.clock import Stopwatch

MAX_ERROR = 1_000
"""How many characters of an error are kept."""


def encode_step(
    provider: dict[str, bytes], stopwatch: Stopwatch, elapsed: int, error: str | None
) -> bytes:
    """Return the JSON text of a step.

    Args:
        provider: the JSON texts of the properties of its provider, by wire name.
        stopwatch: when it started.
        elapsed: how long it took, in microseconds.
        error: what went wrong, None if nothing did.

    """
    start = stopwatch.started.isoformat(timespec="microseconds")
    end = stopwatch.after(elapsed).isoformat(timespec="microseconds")
    parts = [
        f'"elapsedTime":{in_milliseconds(elapsed)},"startTime":"{start}","endTime":"{end}"'.encode()
    ]
    if provider:
        inner = b",".join([b'"%b":%b' % (name.encode(), text) for name, text in provider.items()])
        parts.insert(0, b'"provider":{%b}' % inner)
    if error is not None:
        parts.append(b'"error":' + encode_text(error))
    return b"{%b}" % b",".join(parts)


def encode_object(name: str, value: object) -> bytes:
    """Return the JSON text of a mapping; anything else stands under `name` in an object."""
    dumps = find_encoder("auto")
    if type(value) not in _NO_MAPPINGS:
        text = encode_json_value(value, dumps)
        if text.startswith(b"{"):
            return text
    text = encode_json_value({name: value}, dumps)
    return text if text.startswith(b"{") else b'{"truncated":' + text + b"}"


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
    return cut(text, MAX_ERROR)


def text_of_error(error: BaseException) -> str | None:
    """Return what is recorded of an exception that leaves a step or run, None if nothing is."""
    if isinstance(error, GeneratorExit):
        return None
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None and isinstance(error, asyncio.CancelledError):
        return "cancelled"
    return text_of_exception(error)
