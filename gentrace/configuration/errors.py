"""Builders of errors about invalid settings and arguments; the caller raises the error."""

from __future__ import annotations

from gentrace.exceptions import ApiTypeError, ApiValueError
from gentrace.schemas import describe


def refuse(name: str, expected: str, value: object, *, kind: bool = False) -> Exception:
    """Build the error of a setting or argument: of its type if `kind`, else of its value."""
    error = ApiTypeError if kind else ApiValueError
    return error(f"{name}: expected {expected}, got {describe(value)}")


def refuse_type(name: str, expected: str, value: object) -> ApiTypeError:
    """Build the error of a wrong type; it does not show the value, which may hold a secret."""
    return ApiTypeError(f"{name}: expected {expected}, got {type(value).__name__}")
