"""The fast path of `encode_json_value`: whether a JSON encoder may take a value as it is."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from gentrace.schemas.builtin_types import type_of
from gentrace.schemas.free_form import LONG, SMALL, are_plain_scalars
from gentrace.schemas.rules import MAX_DEPTH

COST_OF_VALUE = 42
"""Characters that each value counts for: with 4 MiB of these, it is 100,000 values at most."""


def spend_budget(  # noqa: C901 - one plain loop over the types of JSON
    container: Any, left: int, depth: int, foreign: list[object]
) -> int:
    """Tell whether a JSON encoder may take a container as it is, without running user code.

    It may take exact built-in types whose numbers JSON has. Lone surrogates are not looked for, as
    the encoder refuses them.

    Args:
        container: a dict, list or tuple.
        left: the budget: for how many characters texts, keys and values together may count.
        depth: its nesting level, from 1 on; `MAX_DEPTH` is the last one.
        foreign: collects the values that are not JSON: a hook of the encoder must convert them.

    Returns:
        How much of the budget is left; below 0 if no encoder may take it, and it must be converted
        value by value.

    Raises:
        TypeError: a key is no string; then no encoder may take it either.

    """
    left -= len(container) * COST_OF_VALUE
    if left < 0 or depth > MAX_DEPTH:
        return -1
    values: Collection[Any] = container
    if type_of(container) is dict:
        left -= len("".join(container))
        values = container.values()
    elif len(container) >= LONG and are_plain_scalars(container):
        return left
    for value in values:
        kind = type_of(value)
        if kind is str:
            left -= len(value)
        elif kind is float:
            if value - value != 0.0:  # infinite or NaN
                return -1
        elif kind is int:
            if abs(value) >= SMALL:
                return -1
        elif kind is dict or kind is list or kind is tuple:
            left = spend_budget(value, left, depth + 1, foreign)
        elif value is not None and kind is not bool:
            if issubclass(kind, _BASES):
                # An encoder would write the base class's value and ignore overridden methods.
                return -1
            foreign.append(value)
    return left


_BASES = (str, int, float, dict, list, tuple)
