"""What is left of a step that is too large to be sent: its times, names and errors, always."""

from __future__ import annotations

from json import loads
from typing import TYPE_CHECKING, Any

from gentrace.schemas import encode
from gentrace.schemas.json_forms import class_of

if TYPE_CHECKING:
    from gentrace.schemas.json_text import Dumps

MAX_STEP = 2**20
"""How many bytes of JSON a step may have."""

MAX_TEXT = 10_000
"""How many characters of a text are kept in a larger step."""

_CONTENT = ("outputs", "inputs", "modelParams")
"""What gives way, in this order."""


def shorten(body: bytes, dumps: Dumps | None) -> bytes:
    """Return the JSON text of a step with less content, if it has more than `MAX_STEP` bytes.

    Long texts are cut first; then one part of the content after the other is replaced by its size.
    """
    if len(body) <= MAX_STEP:
        return body
    step: dict[str, Any] = loads(body)
    provider = step.get("provider", {})
    sizes = {name: len(encode(provider[name], dumps)) for name in _CONTENT if name in provider}
    for name in sizes:
        provider[name] = _cut_texts(provider[name])
    for name in step.keys() - _KEPT:
        step[name] = _cut_texts(step[name])
    body = encode(step, dumps)
    for name, size in sizes.items():
        if len(body) <= MAX_STEP:
            break
        provider[name] = {"truncated": describe_size(size)}
        body = encode(step, dumps)
    return body


_KEPT = {"provider", "elapsedTime", "startTime", "endTime", "error"}


def describe_size(size: int) -> str:
    """Return a number of bytes in MiB, or in KiB where it is less than one."""
    return f"{size / 2**20:.1f} MiB" if size >= 2**20 else f"{size / 2**10:.1f} KiB"


def _cut_texts(value: Any) -> Any:
    kind = class_of(value)
    if kind is str:
        return _cut_text(value)
    if kind is list:
        return [_cut_texts(item) for item in value]
    if kind is dict:
        return {key: _cut_texts(item) for key, item in value.items()}
    return value


def _cut_text(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}… ({len(text)} characters)"
