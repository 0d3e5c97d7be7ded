"""Which line a warning points at: that of the program that called the package."""

from __future__ import annotations

import warnings
from contextvars import ContextVar
from inspect import currentframe
from types import FrameType
from typing import Any, cast

Line = tuple[str, int, str, dict[Any, Any]]
"""A file, a line of it, and the name and the globals of its module."""

line_of_call: ContextVar[Line | None] = ContextVar("line_of_call", default=None)
"""The line of the program whose call this context makes; None if it is on the stack."""


def warn_program(message: str, category: type[Warning]) -> None:
    """Warn at the line of the program that called the package."""
    file, line, module, names = line_of_call.get() or line_of_program()
    shown = names.setdefault("__warningregistry__", {})
    warnings.warn_explicit(message, category, file, line, module, shown)


def line_of_program() -> Line:
    """Return the line of the program that called the package in this thread."""
    frame = cast("FrameType", currentframe())
    while _is_own(frame.f_globals) and frame.f_back is not None:
        frame = frame.f_back
    names = frame.f_globals
    return frame.f_code.co_filename, frame.f_lineno, str(names.get("__name__")), names


def _is_own(names: dict[str, Any]) -> bool:
    return str(names.get("__name__")).startswith("gentrace.")
