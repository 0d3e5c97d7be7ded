"""Free-form content: any JSON, which the document does not describe.

`freeze` validates content, converts it to JSON values and freezes these. `is_plain` is the fast
path: it only tells whether content consists of JSON values already. What it accepts, `freeze`
accepts too, apart from texts with lone surrogates.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat
from math import isfinite
from operator import is_
from typing import Any

from frozendict import frozendict

from gentrace.exceptions import ApiTypeError, ApiValueError
from gentrace.schemas.absent import unset
from gentrace.schemas.builtin_types import type_of
from gentrace.schemas.conversions import simplify
from gentrace.schemas.frozen import freeze_as
from gentrace.schemas.full_stack import call_with_full_stack
from gentrace.schemas.rules import INTEGER_BOUND, MAX_DEPTH, MAX_DIGITS
from gentrace.schemas.words import JSON_VALUE, describe, name_of

_FrozenDict: type[frozendict[str, Any]] = frozendict
_EMPTY: frozendict[str, Any] = frozendict()

SMALL = 2**62
"""Encoders write all integers below; beyond, they differ."""

LONG = 16
"""Length from which an array, such as an embedding, may be checked all at once: it is faster."""


def is_plain(  # noqa: C901, PLR0911, PLR0912 - one loop over all types, as calls are slow
    values: Iterable[Any], depth: int = 0
) -> bool:
    """Tell whether values can be encoded as they are; `freeze` decides about all others.

    Lone surrogates are left to the encoder, which rejects them. No code of the values is run.

    Args:
        values: the values.
        depth: how many containers enclose each of them.

    """
    for value in values:
        kind = type_of(value)
        if kind is str:
            continue
        if kind is dict:
            for key in value:
                if type(key) is not str:
                    return False
            if depth == MAX_DEPTH or not is_plain(value.values(), depth + 1):
                return False
        elif kind is float:
            if value - value != 0.0:  # infinite or NaN
                return False
        elif kind is int:
            if abs(value) >= SMALL:
                return False
        elif kind is bool or value is None:
            continue
        elif depth == MAX_DEPTH or (kind is not list and kind is not tuple):
            return False
        elif len(value) >= LONG and are_plain_scalars(value):
            continue
        elif not is_plain(value, depth + 1):
            return False
    return True


def are_plain_scalars(items: Sequence[Any]) -> bool:
    """Tell whether the items of an array are all floats, integers, bools or None, and all plain.

    False decides nothing: the sum of finite floats may overflow, and texts are not looked at.
    """
    first = next(iter(items), None)
    kind = type_of(first)
    if not all(map(is_, map(type_of, items), repeat(kind))):
        return False
    if kind is float:
        return isfinite(sum(items))
    if kind is int:  # of none, as another thread may have emptied the list
        return bool(min(items, default=0) > -SMALL and max(items, default=0) < SMALL)
    return kind is bool or first is None


def freeze(value: object) -> Any:
    """Validate content and return its JSON value, deeply immutable.

    That is a str, int, float, bool, None, `frozendict` or tuple.

    Raises:
        ApiTypeError: something in it cannot become a JSON value.
        ApiValueError: something in it is not allowed.

    """
    try:
        return call_with_full_stack(lambda: _freeze(value, 0, set()))
    except RecursionError as error:
        raise ApiValueError("nested deeper than sys.setrecursionlimit allows", ()) from error


def check_text(value: str) -> str:
    """Return a text; ApiValueError if it has a lone surrogate, which UTF-8 cannot encode."""
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ApiValueError(
                f"expected text that UTF-8 can carry, got the lone surrogate "
                f"{value[error.start]!r} at character {error.start} of {describe(value)}",
                (),
            ) from None
    return value


def check_integer(value: int) -> int:
    """Return an integer; ApiValueError if it has too many digits."""
    if not -INTEGER_BOUND < value < INTEGER_BOUND:
        raise ApiValueError(
            f"expected an integer of at most {MAX_DIGITS} digits, got {describe(value)}", ()
        )
    return value


def check_float(value: float) -> float:
    """Return a float; ApiValueError if it is infinite or NaN."""
    if not isfinite(value):
        raise ApiValueError(f"expected a number that JSON has, got {value}", ())
    return value


def check_key(key: object) -> str:
    """Return a key as a plain str; ApiTypeError or ApiValueError if it is not allowed."""
    if not issubclass(type(key), str):
        raise ApiTypeError(f"expected a string as key, got {describe(key)}", ())
    return check_text(simplify(key, "a string as key", str))


def _freeze(value: Any, depth: int, ancestors: set[int]) -> Any:
    """Do what `freeze` does, inside of other containers.

    Args:
        value: the value.
        depth: how many containers enclose it.
        ancestors: identities of these containers, and of the objects that were converted to them.

    """
    kind = type_of(value)
    if kind is str:
        return check_text(value)
    if kind is int:
        return check_integer(value)
    if kind is float:
        return check_float(value)
    if kind is bool or value is None:
        return value
    identity = id(value)
    if identity in ancestors:
        raise ApiValueError(f"a {name_of(value)} that contains itself is not JSON", ())
    ancestors.add(identity)
    if kind is dict or kind is frozendict:
        frozen: Any = _freeze_object(value, depth + 1, ancestors)
    elif kind is list or kind is tuple:
        frozen = _freeze_array(value, depth + 1, ancestors)
    else:
        frozen = _freeze(simplify(value, JSON_VALUE), depth, ancestors)
    ancestors.remove(identity)
    return frozen


def _freeze_object(value: dict[Any, Any], depth: int, ancestors: set[int]) -> frozendict[str, Any]:
    if depth > MAX_DEPTH:
        raise _depth_error()
    if not value:
        return _EMPTY  # an answer may hold a million of them, or of empty arrays
    frozen: dict[str, Any] = {}
    # Iterate over a copy: converting an item runs its code, which may change the dict.
    for given, item in value.copy().items():
        key = given if type(given) is str and given.isascii() else check_key(given)
        if item is not unset:
            try:
                frozen[key] = _freeze(item, depth, ancestors)
            except (ApiTypeError, ApiValueError) as error:
                error.move_under(key)
                raise
    return freeze_as(_FrozenDict, frozen)


def _freeze_array(
    value: list[Any] | tuple[Any, ...], depth: int, ancestors: set[int]
) -> tuple[Any, ...]:
    if depth > MAX_DEPTH:
        raise _depth_error()
    if not value:
        return ()
    items = tuple(value)  # a copy, for the same reason
    if len(items) >= LONG and are_plain_scalars(items):
        return items
    frozen: list[Any] = []
    try:
        for item in items:
            frozen.append(_freeze(item, depth, ancestors))  # noqa: PERF401 - the error needs its index
    except (ApiTypeError, ApiValueError) as error:
        error.move_under(len(frozen))
        raise
    return tuple(frozen)


def _depth_error() -> ApiValueError:
    return ApiValueError(f"nested deeper than {MAX_DEPTH} levels", ())
