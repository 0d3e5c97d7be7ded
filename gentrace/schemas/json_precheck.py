"""The fast path of `encode_json_value`: whether a JSON encoder may take a value as it is."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from gentrace.schemas.builtin_types import type_of
from gentrace.schemas.free_form import LONG, SMALL, are_finite_floats
from gentrace.schemas.rules import MAX_DEPTH

COST_OF_VALUE = 42
"""Characters that each value counts for: with 4 MiB of these, it is 100,000 values at most."""


def spend_budget(  # noqa: C901 - one plain loop over the types of JSON
    values: Collection[Any], left: int, depth: int, foreign: list[object]
) -> int:
    """Tell whether a JSON encoder may take values as they are, without running user code.

    It may take exact built-in types whose numbers JSON has. Lone surrogates are not looked for, as
    the encoder refuses them.

    Args:
        values: the values.
        left: the budget: for how many characters texts, keys and values together may count.
        depth: how many containers enclose each value.
        foreign: collects the values that are not JSON: a hook of the encoder must convert them.

    Returns:
        How much of the budget is left; below 0 if no encoder may take the values, which must be
        converted one by one.

    Raises:
        TypeError: a key is no string; then no encoder may take them either.

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
            left = spend_budget(value.values(), left - len("".join(value)), depth + 1, foreign)
        elif kind is float:
            if value - value != 0.0:  # infinite or NaN
                return -1
        elif kind is int:
            if abs(value) >= SMALL:
                return -1
        elif kind is list or kind is tuple:
            left = spend_budget(value, left, depth + 1, foreign)
        elif value is not None and kind is not bool:
            if issubclass(kind, _BASES):
                # An encoder would write the base class's value and ignore overridden methods.
                return -1
            foreign.append(value)
    return left


_BASES = (str, int, float, dict, list, tuple)
