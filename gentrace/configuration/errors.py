"""Builders of errors about invalid settings and arguments; the caller raises the error."""

from __future__ import annotations

from gentrace.exceptions import ApiTypeError, ApiValueError
from gentrace.schemas import describe


def argument_error(
    name: str, expected: str, value: object, *, wrong_type: bool = False
) -> Exception:
    """Build the error of a setting or argument: of its type if `wrong_type`, else of its value."""
    error = ApiTypeError if wrong_type else ApiValueError
    return error(f"{name}: expected {expected}, got {describe(value)}")


def argument_type_error(name: str, expected: str, value: object) -> ApiTypeError:
    """Build the error of a wrong type; it does not show the value, which may hold a secret."""
    return ApiTypeError(f"{name}: expected {expected}, got {type(value).__name__}")
