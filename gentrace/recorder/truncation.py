"""Truncation of a step that is too large to be sent; its times, names and error always stay."""

from __future__ import annotations

from json import loads
from typing import Any

from gentrace.schemas import Dumps, encode
from gentrace.schemas.builtin_types import type_of

MAX_STEP_BYTES = 2**20
"""How many bytes of JSON a step may have."""

MAX_TEXT_LENGTH = 10_000
"""How many characters of a text are kept in a step that is too large."""

_CONTENT = ("outputs", "inputs", "modelParams")
"""The properties that are replaced first, in this order."""

_KEPT = {"provider", "elapsedTime", "startTime", "endTime", "error", "name", "invocation"}
"""The properties of a step and its provider that are never truncated."""


def truncate_step(body: bytes, dumps: Dumps | None) -> bytes:
    """Return the JSON text of a step, truncated if it has more than `MAX_STEP_BYTES`.

    Long texts are truncated first. Then one property of the content after the other is replaced by
    its size, and at last the properties that are not in the API document.
    """
    if len(body) <= MAX_STEP_BYTES:
        return body
    step: dict[str, Any] = loads(body)
    provider = step.get("provider", {})
    others = [(holder, name) for holder in (provider, step) for name in holder]
    properties = [(provider, name) for name in _CONTENT if name in provider]
    properties += [each for each in others if each[1] not in {*_KEPT, *_CONTENT}]
    sizes = [len(encode(holder[name], dumps)) for holder, name in properties]
    for holder, name in properties:
        holder[name] = _truncate_texts(holder[name])
    body = encode(step, dumps)
    for (holder, name), size in zip(properties, sizes, strict=True):
        if len(body) <= MAX_STEP_BYTES:
            break
        holder[name] = {"truncated": _describe_size(size)}
        body = encode(step, dumps)
    return body


def _describe_size(size: int) -> str:
    return f"{size / 2**20:.1f} MiB" if size >= 2**20 else f"{size / 2**10:.1f} KiB"


def _truncate_texts(value: Any) -> Any:
    kind = type_of(value)
    if kind is str:
        if len(value) <= MAX_TEXT_LENGTH:
            return value
        return f"{value[:MAX_TEXT_LENGTH]}… ({len(value)} characters)"
    if kind is list:
        return [_truncate_texts(item) for item in value]
    if kind is dict:
        return {key: _truncate_texts(item) for key, item in value.items()}
    return value
