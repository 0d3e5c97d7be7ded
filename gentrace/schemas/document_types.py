"""The types of the document, except for objects that a model describes (see `objects`)."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final, Generic, TypeGuard, TypeVar

from gentrace.exceptions import ApiTypeError, ApiValueError
from gentrace.schemas.builtin_types import Dict, List, Tuple, is_instance
from gentrace.schemas.conversions import ARRAY, OBJECT, simplify
from gentrace.schemas.dates import (
    DATE_TIME_WORDS,
    invalid_date_time,
    is_date_time,
    to_date_time_text,
)
from gentrace.schemas.free_form import (
    SMALL,
    check_float,
    check_integer,
    check_text,
    freeze,
    is_plain,
)
from gentrace.schemas.json_text import Dumps, encode
from gentrace.schemas.words import mismatch

if TYPE_CHECKING:
    from frozendict import frozendict

    from gentrace.schemas.rules import Rules

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Schema(Generic[T_co]):
    """A type of the document.

    Attributes:
        expected: how an error names the type, such as ``an integer``.
        type: `type` in the document.
        format: `format` in the document; None if it has none.

    """

    expected: str
    type: str
    format: str | None = None

    def check(self, value: object, rules: Rules) -> T_co:
        """Validate a value and return its JSON value, deeply immutable.

        Raises:
            ApiTypeError: it is of another type.
            ApiValueError: it is of this type but not allowed.

        """
        raise NotImplementedError

    def admits(self, value: object) -> bool:
        """Tell whether a value can be encoded as it is: the fast path of a request's body.

        False decides nothing: `check` may still accept or convert the value. True may leave to the
        JSON encoder what that rejects by itself, such as lone surrogates.
        """
        return False

    def serialize(self, value: object, rules: Rules, dumps: Dumps | None = None) -> bytes:
        """Return the JSON text of a value.

        Args:
            value: anything that `check` accepts.
            rules: how strictly it is validated.
            dumps: a faster encoder, see `encode`.

        Raises:
            ApiTypeError: it is of another type.
            ApiValueError: it is of this type but not allowed.

        """
        return encode(self.check(value, rules), dumps)


class StringSchema(Schema[str]):
    """A text without lone surrogates, which UTF-8 cannot encode."""

    expected = "a string"
    type = "string"

    def check(self, value: object, rules: Rules) -> str:
        """Return the text."""
        return check_text(value if type(value) is str else simplify(value, self.expected, str))

    def admits(self, value: object) -> bool:
        """Tell whether it is a str."""
        return type(value) is str


class DateTimeSchema(Schema[str]):
    """A date and time of RFC 3339: a string, sent as it is, or an aware `datetime`."""

    expected = DATE_TIME_WORDS
    type = "string"
    format = "date-time"

    def check(self, value: object, rules: Rules) -> str:
        """Return the text of the date and time."""
        if self.admits(value):
            return value
        text = check_text(to_date_time_text(value))
        if rules.check_format and not is_date_time(text):
            raise invalid_date_time(text)
        return text

    def admits(self, value: object) -> TypeGuard[str]:
        """Tell whether it is the text of a date and time."""
        return type(value) is str and is_date_time(value)


class IntegerSchema(Schema[int]):
    """A whole number: an int, or a float without a fraction, which becomes the int.

    Args:
        unit: what it counts, such as milliseconds, for errors; None if it has no unit.

    """

    expected = "an integer"
    type = "integer"

    def __init__(self, unit: str | None = None) -> None:
        self.unit = unit

    def check(self, value: object, rules: Rules) -> int:
        """Return the int."""
        if type(value) is int:
            return check_integer(value)
        if self.unit and is_instance(value, "datetime", "timedelta"):
            raise self._fraction_error(value, f"value / timedelta({self.unit}=1)")
        plain = simplify(value, self.expected, int, float)
        if type(plain) is float and not check_float(plain).is_integer():
            raise self._fraction_error(value, "value")
        return check_integer(int(plain))

    def admits(self, value: object) -> bool:
        """Tell whether it is an int that every encoder writes."""
        return type(value) is int and abs(value) < SMALL

    def _fraction_error(self, value: object, expression: str) -> ApiTypeError:
        """Build the error of a number with a fraction; the caller raises it."""
        remedy = f"round({expression})"
        if self.unit:
            remedy = f"give whole {self.unit}: {remedy}"
        return mismatch(self.expected, value, remedy)


class FreeObjectSchema(Schema["frozendict[str, Any]"]):
    """An object with any content; its keys are never renamed."""

    expected = "an object"
    type = "object"

    def check(self, value: object, rules: Rules) -> frozendict[str, Any]:
        """Return the object, deeply frozen."""
        plain = value if type(value) is Dict else simplify(value, self.expected, *OBJECT)
        frozen: frozendict[str, Any] = freeze(plain)
        return frozen

    def admits(self, value: object) -> bool:
        """Tell whether it is a dict of nothing but plain JSON values."""
        if type(value) is not Dict:
            return False
        for key in value:
            if type(key) is not str:
                return False
        return is_plain(value.values(), 1)


class ArraySchema(Schema[tuple[T, ...]]):
    """A list or tuple of items of one type.

    Args:
        items: the type of each item.

    """

    expected = "an array"
    type = "array"

    def __init__(self, items: Schema[T]) -> None:
        self.items = items

    def check(self, value: object, rules: Rules) -> tuple[T, ...]:
        """Return the items."""
        plain = simplify(value, self.expected, *ARRAY)
        checked: list[T] = []
        try:
            # Iterate over a copy: converting an item runs its code, which may append to the list.
            for item in tuple(plain):
                checked.append(self.items.check(item, rules))  # noqa: PERF401 - the error needs its index
        except (ApiTypeError, ApiValueError) as error:
            error.move_under(len(checked))
            raise
        return tuple(checked)

    def admits(self, value: object) -> bool:
        """Tell whether it is a list or tuple of items that can be encoded as they are."""
        if type(value) is not List and type(value) is not Tuple:
            return False
        return all(map(self.items.admits, value))


class FileSchema(io.FileIO):
    """A downloaded file, open for reading; `name` is its path. The caller deletes it."""


STRING: Final = StringSchema()
DATE_TIME: Final = DateTimeSchema()
INTEGER: Final = IntegerSchema()
MILLISECONDS: Final = IntegerSchema("milliseconds")
FREE_OBJECT: Final = FreeObjectSchema()
