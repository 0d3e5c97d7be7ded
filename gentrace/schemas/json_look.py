"""A quick look at whether a JSON encoder may have a value as it is."""

from __future__ import annotations

from typing import Any

from gentrace.schemas.free_form import LONG, SMALL, are_finite_floats
from gentrace.schemas.json_forms import class_of
from gentrace.schemas.rules import MAX_DEPTH

_BASES = (str, int, float, dict, list, tuple)


def look_at(  # noqa: C901, PLR0912 - one plain loop over the types of JSON
    value: object, max_values: int, max_characters: int, depth: int
) -> bool | None:
    """Tell whether an encoder may have a value; no code of the value is run.

    It holds no more than so many values, of texts and keys with so many characters, in no more
    than `MAX_DEPTH` levels, of which its own is the one that `depth` says, from 1 on. Its
    containers and numbers are of exact types, and the numbers such as JSON has. Lone surrogates are
    left to the encoder, which refuses them.

    Returns:
        True if any encoder may have it, None if only one that knows what JSON does not have, and
        False if none may.

    Raises:
        TypeError: a key is no string; so no encoder may have it.

    """
    verdict: bool | None = True
    level: list[Any] = [(value,)]
    for _ in range(depth - 1, MAX_DEPTH + 1):
        inner: list[Any] = []
        for container in level:
            max_values -= len(container)
            if max_values < 0 or max_characters < 0:
                return False
            items: Any = container
            if class_of(container) is dict:
                max_characters -= len("".join(container))
                items = container.values()
            elif len(container) >= LONG and are_finite_floats(container):
                continue
            for item in items:
                kind = class_of(item)
                if kind is str:
                    max_characters -= len(item)
                elif kind is dict or kind is list or kind is tuple:
                    inner.append(item)
                elif kind is float:
                    if item - item != 0:  # infinite or NaN
                        return False
                elif kind is int:
                    if not -SMALL < item < SMALL:
                        return False
                elif item is not None and kind is not bool:
                    if issubclass(kind, _BASES):
                        # An encoder would take it for one of these, whatever its methods say.
                        return False
                    verdict = None
        if not inner:
            return verdict if max_characters >= 0 else False
        level = inner
    return False
