"""A quick look at whether the JSON encoder may have a value as it is."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from gentrace.schemas import MAX_DEPTH
from gentrace.schemas.json_forms import class_of

if TYPE_CHECKING:
    from collections.abc import Collection

_BASES = (str, int, float, dict, list, tuple)
_FLOAT: frozenset[type] = frozenset({float})

_SMALL = 2**62
"""Beyond it, encoders and interpreters differ in which integers they write."""

_LONG = 16
"""Items of an array from which on a look at all of their types together takes less time."""


class Look:
    """A look at values: of exact types, within bounds, without a cycle. It runs no code of theirs.

    Lone surrogates are left to the encoder, which refuses them.

    Attributes:
        has_foreign: whether there are values that the encoder's hook has to judge.

    Args:
        max_values: how many values there may be.
        max_characters: how many characters their texts may have.

    """

    def __init__(self, max_values: int, max_characters: int) -> None:
        self.has_foreign = False
        self._values_left = max_values
        self._characters_left = max_characters

    def admits(  # noqa: C901, PLR0911 - one plain loop over the types of JSON
        self, items: Collection[Any], depth: int = 0
    ) -> bool:
        """Tell whether the encoder may have values with so many containers around them."""
        self._values_left -= len(items)
        if self._values_left < 0:
            return False
        if len(items) >= _LONG and _are_finite_floats(items):
            return True
        for item in items:
            kind = class_of(item)
            if kind is str:
                self._characters_left -= len(item)
            elif kind is int:
                if not -_SMALL < item < _SMALL:
                    return False
            elif kind is float:
                if not isfinite(item):
                    return False
            elif kind is dict or kind is list or kind is tuple:
                if depth == MAX_DEPTH or not self._admits_container(item, kind, depth + 1):
                    return False
            elif item is not None and kind is not bool:
                if issubclass(kind, _BASES):
                    # The encoder would take it for one of these, whatever its methods say.
                    return False
                self.has_foreign = True
        return self._characters_left >= 0

    def _admits_container(self, container: Any, kind: Any, depth: int) -> bool:
        if kind is not dict:
            return self.admits(container, depth)
        for key in container:
            if type(key) is not str:
                return False
            self._characters_left -= len(key)
        return self.admits(container.values(), depth)


def _are_finite_floats(items: Collection[Any]) -> bool:
    """Tell whether all items are floats that JSON has; also no if their sum is none."""
    return _FLOAT.issuperset(map(type, items)) and isfinite(sum(items))
