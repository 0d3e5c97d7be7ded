"""What a Python prompt shows of models: their `repr` and their signature."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from gentrace.schemas.absent import unset
from gentrace.schemas.builtin_types import Dict, Tuple, type_of

if TYPE_CHECKING:
    from frozendict import frozendict

MAX_TEXT = 200
"""How many characters of a text the representation shows."""

MAX_BITS = 2000
"""The largest integer that is shown: Python may refuse to convert one of more than 640 digits."""

MAX_ITEMS = 5
"""How many items of an array it shows."""

MAX_KEYS = 50
"""How many properties of an object it shows."""

MAX_LEVELS = 20
"""How many levels it shows."""

MAX_LAID_OUT = 4000
"""Length up to which it is laid out over several lines; `pprint` is slow beyond."""

MAX_CHARACTERS = 20_000
"""Length at which it is cut."""

MAX_LINE = 80
"""Length up to which it stays on one line."""


def thaw(value: Any) -> Any:
    """Return a mutable copy, with dicts and lists in place of frozendicts and tuples."""
    kind = type_of(value)
    if kind is Tuple:
        return [thaw(item) for item in value]
    if issubclass(kind, Dict):
        return {key: thaw(item) for key, item in value.items()}
    return value


def shorten(value: Any, depth: int = 0) -> Any:
    """Return a copy as `thaw` does, with long texts, large containers and deep levels cut."""
    kind = type_of(value)
    if kind is str and len(value) > MAX_TEXT:
        return f"{value[:MAX_TEXT]}… ({len(value)} characters)"
    if kind is int and value.bit_length() > MAX_BITS:
        return f"… (an integer of {value.bit_length()} bits)"
    if depth > MAX_LEVELS and isinstance(value, (Dict, Tuple)):
        return "…"
    if kind is Tuple:
        shown = [shorten(item, depth + 1) for item in value[:MAX_ITEMS]]
        more = len(value) - MAX_ITEMS
        return [*shown, f"… {more} more"] if more > 0 else shown
    if issubclass(kind, Dict):
        some = {key: shorten(value[key], depth + 1) for key in list(value)[:MAX_KEYS]}
        more = len(value) - MAX_KEYS
        return {**some, "…": f"{more} more"} if more > 0 else some
    return value


def represent_model(model: frozendict[str, Any]) -> str:
    """Return the `repr` of a model, over several lines if one would be long.

    `pprint` calls `__repr__` alone, so the layout has to be made here.
    """
    name, shown = type(model).__name__, shorten(model)
    line = f"{name}({shown!r})"
    if len(line) > MAX_CHARACTERS:
        return f"{line[:MAX_CHARACTERS]}… ({len(line)} characters)"
    if not MAX_LINE < len(line) <= MAX_LAID_OUT:
        return line
    from pprint import pformat  # noqa: PLC0415 - only a prompt needs it

    return f"{name}({pformat(shown, sort_dicts=False)})"


class Signature:
    """Descriptor that makes the signature of a model's class on access."""

    def __get__(self, _instance: object, owner: type[Any]) -> inspect.Signature:
        parameters = [
            inspect.Parameter(
                declared.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=inspect.Parameter.empty if declared.required else unset,
            )
            for declared in owner.properties_oapg.values()
        ]
        others = inspect.Parameter("others", inspect.Parameter.VAR_KEYWORD)
        return inspect.Signature([*parameters, others])
