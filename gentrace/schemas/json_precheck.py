"""The fast path of `encode_json_value`: whether a JSON encoder may take a value as it is."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from gentrace.schemas.builtin_types import type_of
from gentrace.schemas.free_form import LONG, SMALL, are_finite_floats
from gentrace.schemas.rules import MAX_DEPTH

COST_OF_VALUE = 42
"""Characters that each value counts for: with 4 MiB of these, it is 100,000 values at most."""


def find_foreign(value: object, max_characters: int, depth: int) -> list[object] | None:
    """Return the values inside of a value that are not JSON, without running user code.

    An encoder may take exact built-in types whose numbers JSON has. Lone surrogates are not looked
    for, as the encoder refuses them.

    Args:
        value: any value.
        max_characters: the budget: texts, keys and values together may count for no more.
        depth: the nesting level of the value itself, from 1 on; `MAX_DEPTH` is the last one.

    Returns:
        What the `default` hook of an encoder must convert; None if no encoder may take the value,
        which must be converted value by value.

    Raises:
        TypeError: a key is no string; then no encoder may take the value.

    """
    foreign: list[object] = []
    left = _spend((value,), max_characters, depth - 1, foreign)
    return None if left < 0 else foreign


_BASES = (str, int, float, dict, list, tuple)


def _spend(  # noqa: C901 - one plain loop over the types of JSON
    values: Collection[Any], left: int, depth: int, foreign: list[object]
) -> int:
    """Return how much of the budget is left after the values; below 0 if no encoder may take them.

    Args:
        values: the values.
        left: the budget: how many characters are left.
        depth: how many containers enclose each value.
        foreign: collects the values that are not JSON.

    """
    left -= len(values) * COST_OF_VALUE
    if left < 0 or depth > MAX_DEPTH:
        return -1
    if len(values) >= LONG and are_finite_floats(values):
        return left
    for value in values:
        kind = type_of(value)
        if kind is str:
            left -= len(value)
        elif kind is dict:
            left = _spend(value.values(), left - len("".join(value)), depth + 1, foreign)
        elif kind is float:
            if value - value != 0.0:  # infinite or NaN
                return -1
        elif kind is int:
            if abs(value) >= SMALL:
                return -1
        elif kind is list or kind is tuple:
            left = _spend(value, left, depth + 1, foreign)
        elif value is not None and kind is not bool:
            if issubclass(kind, _BASES):
                # An encoder would write the base class's value and ignore overridden methods.
                return -1
            foreign.append(value)
    return left
