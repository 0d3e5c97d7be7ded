"""What is left of a step that is too large to be sent: its times, names and errors, always."""

from __future__ import annotations

from json import loads
from typing import TYPE_CHECKING, Any

from gentrace.schemas import encode
from gentrace.schemas.builtin_types import type_of

if TYPE_CHECKING:
    from gentrace.schemas.json_text import Dumps

MAX_STEP = 2**20
"""How many bytes of JSON a step may have."""

MAX_TEXT = 10_000
"""How many characters of a text are kept in a larger step."""

_CONTENT = ("outputs", "inputs", "modelParams")
"""What gives way first, in this order."""

_KEPT = {"provider", "elapsedTime", "startTime", "endTime", "error", "name", "invocation"}
"""What never gives way, in a step or its provider."""


def shorten(body: bytes, dumps: Dumps | None) -> bytes:
    """Return the JSON text of a step with less content, if it has more than `MAX_STEP` bytes.

    Long texts are cut first; then one part of the content after the other is replaced by its size,
    and at last what the document does not declare.
    """
    if len(body) <= MAX_STEP:
        return body
    step: dict[str, Any] = loads(body)
    provider = step.get("provider", {})
    others = [(holder, name) for holder in (provider, step) for name in holder]
    parts = [(provider, name) for name in _CONTENT if name in provider]
    parts += [part for part in others if part[1] not in {*_KEPT, *_CONTENT}]
    sizes = [len(encode(holder[name], dumps)) for holder, name in parts]
    for holder, name in parts:
        holder[name] = _cut_texts(holder[name])
    body = encode(step, dumps)
    for (holder, name), size in zip(parts, sizes, strict=True):
        if len(body) <= MAX_STEP:
            break
        holder[name] = {"truncated": describe_size(size)}
        body = encode(step, dumps)
    return body


def describe_size(size: int) -> str:
    """Return a number of bytes in MiB, or in KiB where it is less than one."""
    return f"{size / 2**20:.1f} MiB" if size >= 2**20 else f"{size / 2**10:.1f} KiB"


def _cut_texts(value: Any) -> Any:
    kind = type_of(value)
    if kind is str:
        return _cut_text(value)
    if kind is list:
        return [_cut_texts(item) for item in value]
    if kind is dict:
        return {key: _cut_texts(item) for key, item in value.items()}
    return value


def _cut_text(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}… ({len(text)} characters)"
