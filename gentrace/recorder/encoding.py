"""The JSON text of a step, put together of what was recorded of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from gentrace.recorder.clock import in_milliseconds
from gentrace.schemas import encode
from gentrace.schemas.json_forms import cut, text_of_exception
from gentrace.schemas.json_values import (
    encode_json_value,
    encode_json_values,
    to_json_value,
    without_lone_surrogates,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gentrace.recorder.clock import Stopwatch
    from gentrace.schemas.json_text import Dumps

MAX_ERROR = 1_000
"""How many characters of an error are kept."""


def encode_step(
    provider: list[bytes],
    stopwatch: Stopwatch,
    elapsed: int,
    error: str | None,
    dumps: Dumps | None,
) -> bytes:
    """Return the JSON text of a step.

    Args:
        provider: the JSON texts of the properties of its provider, each with its name.
        stopwatch: when it started.
        elapsed: how long it took, in microseconds.
        error: what went wrong, None if nothing did.
        dumps: a faster encoder, as `find_encoder` returns it.

    """
    start = stopwatch.started.isoformat("T", "microseconds")
    end = stopwatch.after(elapsed).isoformat("T", "microseconds")
    times = (
        f'"elapsedTime":{in_milliseconds(elapsed)},"startTime":"{start}","endTime":"{end}"'.encode()
    )
    before = b'"provider":{%b},' % b",".join(provider) if provider else b""
    after = b"" if error is None else b',"error":' + encode_text(error, dumps)
    return b"{%b%b%b}" % (before, times, after)


def encode_content(content: Mapping[str, object], dumps: Dumps | None) -> dict[str, bytes]:
    """Return the JSON text of each part of the content of a step, with its name.

    What is no mapping stands in an object, under the name of what it is one of.

    Args:
        content: parts of the content by wire name.
        dumps: a faster encoder, as `find_encoder` returns it.

    """
    objects = {
        name: {_NAMES[name]: value} if type(value) in _NO_MAPPINGS else value
        for name, value in content.items()
    }
    texts = encode_json_values(objects, dumps)
    for name in [name for name, text in texts.items() if not text.startswith(b"{")]:
        text = encode_json_value({_NAMES[name]: content[name]}, dumps)
        texts[name] = text if text.startswith(b"{") else b'{"truncated":%b}' % text
    return {name: b'"%b":%b' % (name.encode(), text) for name, text in texts.items()}


_NAMES = {"modelParams": "model_params", "inputs": "input", "outputs": "output"}
_NO_MAPPINGS: tuple[type, ...] = (str, int, float, bool, list, tuple, type(None))


def encode_text(value: object, dumps: Dumps | None) -> bytes:
    """Return the JSON text of a text; what is none is made one."""
    return encode(without_lone_surrogates(text_of(value)), dumps)


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
