"""Errors about invalid settings and arguments: their builders, and the check of a class."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

from gentrace.configuration.secrets import MASK, mask_text
from gentrace.exceptions import ApiAttributeError, ApiTypeError, ApiValueError
from gentrace.schemas import describe

T = TypeVar("T")


def refuse(name: str, expected: str, value: object, *, kind: bool = False) -> Exception:
    """Build the error of a setting or argument: of its type if `kind`, else of its value."""
    error = ApiTypeError if kind else ApiValueError
    return error(f"{name}: expected {expected}, got {describe(value)}")


def refuse_type(name: str, expected: str, value: object) -> ApiTypeError:
    """Build the error of a wrong type; it does not show the value, which may hold a secret."""
    return ApiTypeError(f"{name}: expected {expected}, got {type(value).__name__}")


def check_instance(name: str, value: object, kind: type[T], expected: str) -> T:
    """Return an instance of a class; ApiTypeError, without the value, if it is not one."""
    if not isinstance(value, kind):
        raise refuse_type(name, expected, value)
    return value


def is_instance_by_name(value: object, module: str, name: str) -> bool:
    """Tell whether a value is an instance of a class, or of a subclass, by the name of the class.

    For a class of a module that is slow to import, or that a tool may have replaced.
    """
    return any(kind.__module__ == module and kind.__name__ == name for kind in type(value).__mro__)


def mask_mistake(
    error: ApiAttributeError | ApiTypeError | ApiValueError, value: object, secrets: Sequence[str]
) -> None:
    """Mask secrets in the text of a mistake; of a text that holds one, nothing is shown."""
    message = mask_text(error.message, secrets)
    if isinstance(value, str) and mask_text(value, secrets) != value:  # the message may cut it
        message = re.sub("(?s), got str .*", f", got str {MASK!r}", message)
    error.reword(message, error.path_to_item)
