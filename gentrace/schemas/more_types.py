"""Types that only the local server's document has: numbers, booleans, null, and any value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from gentrace.schemas.conversions import simplify
from gentrace.schemas.document_types import Schema
from gentrace.schemas.free_form import check_float, check_integer, freeze, is_plain
from gentrace.schemas.words import JSON_VALUE

if TYPE_CHECKING:
    from typing import Final

    from gentrace.schemas.rules import Rules

T = TypeVar("T")


class NumberSchema(Schema[float]):
    """A number: an int or a finite float, each kept as it is; never a bool."""

    expected = "a number"
    type = "number"

    def check(self, value: object, rules: Rules) -> float:
        """Return the int or float."""
        plain: float = simplify(value, self.expected, int, float)
        return check_integer(plain) if type(plain) is int else check_float(plain)

    def admits(self, value: object) -> bool:
        """Tell whether it is an int or a finite float."""
        return (type(value) is int or type(value) is float) and is_plain((value,))


class BooleanSchema(Schema[bool]):
    """True or False; never a number or a word for it."""

    expected = "a boolean"
    type = "boolean"

    def check(self, value: object, rules: Rules) -> bool:
        """Return the bool."""
        plain: bool = simplify(value, self.expected, bool)
        return plain

    def admits(self, value: object) -> bool:
        """Tell whether it is a bool."""
        return type(value) is bool


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

    def admits(self, value: object) -> bool:
        """Tell whether it is None, or may be written as it is."""
        return value is None or self.inner.admits(value)


class AnySchema(Schema[Any]):
    """Any JSON value; the document names no type of it."""

    expected = JSON_VALUE
    type = ""

    def check(self, value: object, rules: Rules) -> Any:
        """Return the value, deeply frozen."""
        return freeze(value)

    def admits(self, value: object) -> bool:
        """Tell whether it is of plain content."""
        return is_plain((value,))


NUMBER: Final = NumberSchema()
BOOLEAN: Final = BooleanSchema()
ANY: Final = AnySchema()
