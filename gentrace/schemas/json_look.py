"""A quick look at whether a JSON encoder may have a value as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gentrace.schemas.free_form import LONG, SMALL, are_finite_floats
from gentrace.schemas.json_forms import class_of
from gentrace.schemas.rules import MAX_DEPTH

if TYPE_CHECKING:
    from collections.abc import Collection

_BASES = (str, int, float, dict, list, tuple)

COST_OF_VALUE = 42
"""Characters that each value counts for: with 4 MiB of these, it is 100,000 values at most."""


def look_at(value: object, max_characters: int, depth: int) -> bool | None:
    """Tell whether an encoder may have a value; no code of the value is run.

    Its texts, keys and values together count for no more than so many characters, in no more than
    `MAX_DEPTH` levels, of which its own is the one that `depth` says, from 1 on. Its containers and
    numbers are of exact types, and the numbers such as JSON has. Lone surrogates are left to the
    encoder, which refuses them.

    Returns:
        True if any encoder may have it, None if only one that knows what JSON does not have, and
        False if none may.

    Raises:
        TypeError: a key is no string; so no encoder may have it.

    """
    foreign: list[object] = []
    if _spend((value,), max_characters, depth - 1, foreign) < 0:
        return False
    return None if foreign else True


def _spend(  # noqa: C901, PLR0911, PLR0912 - one plain loop over the types of JSON
    values: Collection[Any], left: int, around: int, foreign: list[object]
) -> int:
    """Return how many characters values leave of those that are left; below 0 if none may be.

    Args:
        values: the values.
        left: how many characters are left.
        around: how many containers are around each of them.
        foreign: where values are added that JSON does not have.

    """
    left -= len(values) * COST_OF_VALUE
    if left < 0 or around > MAX_DEPTH:
        return -1
    if len(values) >= LONG and are_finite_floats(values):
        return left
    for value in values:
        kind = class_of(value)
        if kind is str:
            left -= len(value)
        elif kind is dict or kind is list or kind is tuple:
            items: Collection[Any] = value
            if kind is dict:
                left -= len("".join(value))
                items = value.values()
            left = _spend(items, left, around + 1, foreign)
            if left < 0:
                return -1
        elif kind is float:
            if value - value != 0:  # infinite or NaN
                return -1
        elif kind is int:
            if not -SMALL < value < SMALL:
                return -1
        elif value is not None and kind is not bool:
            if issubclass(kind, _BASES):
                # An encoder would take it for one of these, whatever its methods say.
                return -1
            foreign.append(value)
    return left
