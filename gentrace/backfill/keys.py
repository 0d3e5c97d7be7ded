"""Idempotency keys of lines: a line that is sent twice is stored once."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, cast

from gentrace.exceptions import ApiTypeError, ApiValueError
from gentrace.schemas import describe

if TYPE_CHECKING:
    from gentrace.model.pipeline_run_request import PipelineRunRequest

MAX_KEY = 255
"""The maximum length of a key, in characters."""


def key_of_content(content: bytes) -> str:
    """Return the key of a stripped line: equal lines have equal keys."""
    return f"line-{sha256(content).hexdigest()}"


def key_of_property(run: PipelineRunRequest, name: str) -> str:
    """Return the key that a property of a run holds, a string or an integer.

    Raises:
        ApiTypeError: the run has no such property, or it holds something else.
        ApiValueError: its text cannot be a key.

    """
    if name not in run:
        raise ApiTypeError(f"expected the key in the property {name!r}, which is missing")
    value = cast("object", run[name])
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ApiTypeError(f"expected a string or an integer, got {describe(value)}", (name,))
    text = str(value)
    if not (text.isascii() and text.isprintable() and text == text.strip() and text):
        raise ApiValueError(f"expected printable ASCII characters, got {describe(value)}", (name,))
    if len(text) > MAX_KEY:
        raise ApiValueError(f"expected at most {MAX_KEY} characters, got {len(text)}", (name,))
    return text
