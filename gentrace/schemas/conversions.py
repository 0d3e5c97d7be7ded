"""Strict coercion of request values to the types of JSON: no value loses information.

User code, such as a model's `model_dump`, is called through `ask`, which makes its exceptions
errors of the request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from itertools import islice
from typing import Any

from frozendict import frozendict

from gentrace.exceptions import ApiTypeError, ApiValueError
from gentrace.schemas.absent import unset
from gentrace.schemas.builtin_types import EXACT, Dict, List, Tuple, is_instance, type_of
from gentrace.schemas.lenient_conversions import dump_model, is_enum, is_numpy
from gentrace.schemas.rules import MAX_DEPTH, MAX_DIGITS, MAX_ITEMS
from gentrace.schemas.words import describe, mismatch, name_of

OBJECT = (dict, frozendict)
ARRAY = (list, tuple)
PLAIN = (str, int, float, bool, type(None), *OBJECT, *ARRAY)


def simplify(value: object, expected: str, *kinds: type) -> Any:
    """Coerce a value to exactly one of the types of JSON; items of a container stay as they are.

    Args:
        value: any value.
        expected: the words of an error for what was expected.
        kinds: the types of `PLAIN` that are allowed; all of them if none is given.

    Raises:
        ApiTypeError: it cannot become one of these types.
        ApiValueError: it cannot without loss, or its code raised.

    """
    plain: Any = value
    for _ in range(MAX_DEPTH):
        kind = type_of(plain)
        # Compared one by one, as a metaclass may define a hash or `==` that raises.
        # A plain loop, as an interrupt at the end of a generator expression would be lost.
        for each in PLAIN:
            if kind is each:
                if kinds and kind not in kinds:
                    raise mismatch(expected, value)
                return plain
        plain = ask(_convert, plain)
        if plain is unset:
            raise mismatch(expected, value)
    raise mismatch(expected, value, "its form never ends, pass a plain value, such as str(value)")


def ask(form: Callable[[Any], Any], value: object) -> Any:
    """Return `form(value)`, which runs user code.

    Raises:
        ApiValueError: user code raised. A `TimeoutError` without `errno` passes unchanged, as a
            signal handler raised it.

    """
    try:
        return form(value)
    except (ApiTypeError, ApiValueError):
        raise
    except Exception as error:
        if isinstance(error, TimeoutError) and error.errno is None:
            raise
        raise ApiValueError(
            f"expected a JSON value, got {describe(value)}, "
            f"which raised {name_of(error)} when asked for one",
            (),
        ) from error


def _convert(value: Any) -> Any:  # noqa: C901, PLR0911 - one type after the other
    """Convert a value one step towards JSON; return `unset` if that is not possible."""
    kind = type_of(value)
    if issubclass(kind, type):
        return unset
    if is_enum(value):
        return value.value
    for base, exact in _EXACT.items():
        if issubclass(kind, base):
            return exact(value)
    if callable(getattr(value, "model_dump", None)):
        return dump_model(value)
    if hasattr(kind, "__dataclass_fields__"):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if is_instance(value, "collections.abc", "Mapping"):
        return dict_of_pairs(value.items())
    if is_instance(value, "decimal", "Decimal"):
        return _exact_number(value)
    if is_instance(value, "uuid", "UUID"):
        return str(value)
    if issubclass(kind, memoryview):
        return unset
    if callable(form := getattr(value, "tolist", None)):
        _refuse_numpy_times(value)
        return form()
    if callable(form := getattr(value, "isoformat", None)):
        return _refuse_nat(value, form())
    return unset


_EXACT: dict[type, Callable[[Any], Any]] = {
    **EXACT,
    dict: lambda value: Dict(Dict.items(value)),
    list: List.copy,
    tuple: lambda value: Tuple.__getitem__(value, slice(None)),
}
"""Converts an instance of a subclass to the class itself, as `EXACT` does."""


def dict_of_pairs(pairs: Iterable[Any]) -> dict[Any, Any]:
    """Return the dict of pairs, such as the items of a mapping; they may be infinite."""
    left = iter(pairs)
    items = dict(islice(left, MAX_ITEMS))
    if next(left, left) is not left:
        raise ApiValueError(f"expected at most {MAX_ITEMS} items: make it a dict", ())
    return items


def _exact_number(value: Any) -> int | float:
    """Return the int or float that a Decimal equals exactly."""
    decimal = type_of(value)
    if value.is_finite() and (value.adjusted() < MAX_DIGITS or not value):
        number = int(value) if value.as_tuple().exponent >= 0 else float(value)
        if decimal(repr(number)) == value:
            return number
        if value == value.to_integral_value():
            return int(value)
    raise ApiValueError(
        f"expected a Decimal that is exact as a JSON number, got {describe(value)}: "
        f"pass str(value) to keep its digits",
        (),
    )


def _refuse_numpy_times(value: Any) -> None:
    """Refuse dates and durations of numpy, which `tolist` makes numbers of an unknown unit."""
    if is_numpy(value) and _has_times(value.dtype):
        raise mismatch(
            "a JSON value",
            value,
            "make a datetime64 a datetime by .astype('datetime64[us]').tolist(), "
            "and a timedelta64 a number by dividing it by numpy.timedelta64(1, 'ms')",
        )


def _has_times(dtype: Any) -> bool:
    fields: dict[str, Any] = dtype.fields or {}
    return dtype.base.kind in "mM" or any(_has_times(inner[0]) for inner in fields.values())


def _refuse_nat(value: object, text: object) -> object:
    """Return the ISO text of a date or time; refuse pandas' NaT, which stands for none."""
    if text == "NaT":
        raise ApiValueError(
            f"expected a date or time, got {describe(value)}, which is none: "
            f"pass None, or leave it out",
            (),
        )
    return text
