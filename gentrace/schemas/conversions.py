"""How values of other types become what JSON has: one step at a time, by their own code."""

from __future__ import annotations

import sys
from itertools import islice
from typing import TYPE_CHECKING, Any

from frozendict import frozendict

from gentrace.exceptions import ApiTypeError, ApiValueError
from gentrace.schemas.absent import unset
from gentrace.schemas.builtin_types import Dict, List, Tuple, type_of
from gentrace.schemas.json_forms import dump_model
from gentrace.schemas.rules import MAX_DEPTH, MAX_DIGITS, MAX_ITEMS
from gentrace.schemas.words import describe, mismatch, name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

OBJECT = (dict, frozendict)
ARRAY = (list, tuple)
PLAIN = (str, int, float, bool, type(None), *OBJECT, *ARRAY)


def simplify(value: object, expected: str, *kinds: type) -> Any:
    """Turn a value into one whose type is exactly one that JSON has.

    What it contains stays as it is.

    Args:
        value: any value.
        expected: what an error says that it should have been.
        kinds: the types, of `PLAIN`, that it may become; none for all of them.

    Raises:
        ApiTypeError: it has no form of such a type.
        ApiValueError: it has one that is not exact, or making it failed.

    """
    plain: Any = value
    for _ in range(MAX_DEPTH):
        kind = type_of(plain)
        # Compared one by one, as the class of a caller's object may have a hash that raises.
        # In a plain loop, as an interrupt that strikes the end of a generator is lost.
        for each in PLAIN:
            if kind is each:
                if kinds and kind not in kinds:
                    raise mismatch(expected, value)
                return plain
        plain = ask(_convert, plain)
        if plain is unset:
            raise mismatch(expected, value)
    raise ApiValueError(f"expected {expected}, got {describe(value)}, whose form never ends", ())


def ask(form: Callable[[Any], Any], value: object) -> Any:
    """Return a form of a value, whose own code may raise anything.

    Raises:
        ApiValueError: it raised; but a `TimeoutError` without `errno` is one that the handler of a
            signal has raised, and passes.

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


def is_instance(value: object, module: str, name: str) -> bool:
    """Tell whether `value` is an instance of a class whose module need not be imported for that.

    By its type, as what it says of its class may be anything.
    """
    loaded = sys.modules.get(module)
    return loaded is not None and issubclass(type(value), getattr(loaded, name))


def _convert(value: Any) -> Any:  # noqa: C901, PLR0911 - one form after the other
    """Return a simpler form of a value; `unset` if it has none."""
    kind = type_of(value)
    if issubclass(kind, type):
        return unset
    if is_instance(value, "enum", "Enum"):
        return value.value
    for base, exact in _EXACT.items():
        if issubclass(kind, base):
            return exact(value)
    if callable(getattr(value, "model_dump", None)):
        return dump_model(value)
    if hasattr(kind, "__dataclass_fields__"):
        from dataclasses import fields  # noqa: PLC0415 - only for those who use them

        return {field.name: getattr(value, field.name) for field in fields(value)}
    if is_instance(value, "collections.abc", "Mapping"):
        return _items_of(value)
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
        return _moment(value, form())
    return unset


_EXACT: dict[type, Callable[[Any], Any]] = {
    str: str.__str__,
    int: int.__int__,
    float: float.__float__,
    dict: lambda value: Dict(Dict.items(value)),
    list: List.copy,
    tuple: lambda value: Tuple.__getitem__(value, slice(None)),
}
"""How an instance of a subclass becomes one of the class, whatever it overrides."""


def dict_of_pairs(pairs: Iterator[Any]) -> dict[Any, Any]:
    """Return the dict of an iterator of pairs, which may have no end."""
    items = dict(islice(pairs, MAX_ITEMS))
    if next(pairs, pairs) is not pairs:
        raise ApiValueError(f"expected at most {MAX_ITEMS} pairs, got {describe(pairs)}", ())
    return items


def _items_of(value: Mapping[object, object]) -> dict[object, object]:
    """Return the items of a mapping, which may say anything of how many they are."""
    size = len(value)
    items = dict(islice(value.items(), size + 1)) if size <= MAX_ITEMS else {}
    if len(items) != size:
        raise ApiValueError(
            f"expected a mapping of at most {MAX_ITEMS} items, as many as it says, "
            f"got {name_of(value)} that says {size}: make it a dict",
            (),
        )
    return items


def _exact_number(value: Any) -> int | float:
    """Return the int or float whose JSON text is exactly this Decimal."""
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
    """Raise for numpy's times, alone or in an array, which may become numbers of any unit."""
    if not (is_instance(value, "numpy", "generic") or is_instance(value, "numpy", "ndarray")):
        return
    if _has_times(value.dtype):
        raise mismatch(
            "a JSON value",
            value,
            "make a datetime64 a datetime by .astype('datetime64[us]').tolist(), "
            "and a timedelta64 a number by dividing it by numpy.timedelta64(1, 'ms')",
        )


def _has_times(dtype: Any) -> bool:
    fields: dict[str, Any] = dtype.fields or {}
    return dtype.base.kind in "mM" or any(_has_times(inner[0]) for inner in fields.values())


def _moment(value: object, text: object) -> object:
    if text == "NaT":
        raise ApiValueError(
            f"expected a date or time, got {describe(value)}, which is none: "
            f"pass None, or leave it out",
            (),
        )
    return text
