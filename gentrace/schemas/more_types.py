"""Types that only the local server's document has: numbers, booleans, null, and any value.

They occur in parameters and answers, never in the body of a request, so they have no fast path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from gentrace.schemas.conversions import simplify
from gentrace.schemas.document_types import Schema
from gentrace.schemas.free_form import check_float, check_integer, freeze
from gentrace.schemas.words import JSON_VALUE

if TYPE_CHECKING:
    from gentrace.schemas.rules import Rules

T = TypeVar("T")


class NumberSchema(Schema[float]):
    """A number: an int or a finite float, kept as it is; never a bool."""

    expected = "a number"
    type = "number"

    def check(self, value: object, rules: Rules) -> float:
        """Return the int or float."""
        plain: float = simplify(value, self.expected, int, float)
        return check_integer(plain) if type(plain) is int else check_float(plain)


class BooleanSchema(Schema[bool]):
    """True or False; never a number or a text."""

    expected = "a boolean"
    type = "boolean"

    def check(self, value: object, rules: Rules) -> bool:
        """Return the bool."""
        plain: bool = simplify(value, self.expected, bool)
        return plain


class NullableSchema(Schema["T | None"]):
    """A value of another type, or null.

    Args:
        inner: the other type.

    """

    def __init__(self, inner: Schema[T]) -> None:
        self.inner = inner
        self.expected = f"{inner.expected} or null"
        self.type = inner.type
        self.format = inner.format

    def check(self, value: object, rules: Rules) -> T | None:
        """Return the value; None for null."""
        return None if value is None else self.inner.check(value, rules)


class AnySchema(Schema[Any]):
    """Any JSON value; the document gives it no type."""

    expected = JSON_VALUE
    type = ""

    def check(self, value: object, rules: Rules) -> Any:
        """Return the value, deeply frozen."""
        return freeze(value)


NUMBER: Final = NumberSchema()
BOOLEAN: Final = BooleanSchema()
ANY: Final = AnySchema()
