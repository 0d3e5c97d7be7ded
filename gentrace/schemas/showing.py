"""How models show themselves to people at a prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gentrace.schemas.absent import unset
from gentrace.schemas.builtin_types import Dict, Tuple, type_of

if TYPE_CHECKING:
    import inspect

    from frozendict import frozendict

SHOWN_TEXT = 200
"""How many characters of a text are shown."""

SHOWN_BITS = 2000
"""How many bits of an integer are shown: Python may refuse to write one of 640 digits."""

SHOWN_ITEMS = 5
"""How many items of an array are shown."""

SHOWN_KEYS = 50
"""How many properties of an object are shown."""

SHOWN_DEPTH = 20
"""How many levels are shown."""

SHOWN_PAGE = 4000
"""Up to how many characters a representation is laid out: it takes `pprint` long."""

SHOWN_CHARACTERS = 20_000
"""How many characters a representation has at most."""

SHOWN_WIDTH = 80
"""How many characters a representation of one line has at most."""


def thaw(value: Any) -> Any:
    """Return a copy with plain dicts and lists in place of frozen ones."""
    kind = type_of(value)
    if kind is Tuple:
        return [thaw(item) for item in value]
    if issubclass(kind, Dict):
        return {key: thaw(item) for key, item in value.items()}
    return value


def shorten(value: Any, depth: int = 0) -> Any:
    """Return a copy like that of `thaw`, with what is long, wide or deep cut."""
    kind = type_of(value)
    if kind is str and len(value) > SHOWN_TEXT:
        return f"{value[:SHOWN_TEXT]}… ({len(value)} characters)"
    if kind is int and value.bit_length() > SHOWN_BITS:
        return f"… (an integer of {value.bit_length()} bits)"
    if depth > SHOWN_DEPTH and isinstance(value, (Dict, Tuple)):
        return "…"
    if kind is Tuple:
        shown = [shorten(item, depth + 1) for item in value[:SHOWN_ITEMS]]
        more = len(value) - SHOWN_ITEMS
        return [*shown, f"… {more} more"] if more > 0 else shown
    if issubclass(kind, Dict):
        some = {key: shorten(value[key], depth + 1) for key in list(value)[:SHOWN_KEYS]}
        more = len(value) - SHOWN_KEYS
        return {**some, "…": f"{more} more"} if more > 0 else some
    return value


def show_model(model: frozendict[str, Any]) -> str:
    """Return the representation of a model: over several lines where one would be long.

    In `__repr__`, as `pprint` has no other way to ask for it.
    """
    name, shown = type(model).__name__, shorten(model)
    line = f"{name}({shown!r})"
    if len(line) > SHOWN_CHARACTERS:
        return f"{line[:SHOWN_CHARACTERS]}… ({len(line)} characters)"
    if not SHOWN_WIDTH < len(line) <= SHOWN_PAGE:
        return line
    from pprint import pformat  # noqa: PLC0415 - only a prompt needs it

    return f"{name}({pformat(shown, sort_dicts=False)})"


class Signature:
    """The signature of a model's class, made when it is asked for."""

    def __get__(self, _instance: object, owner: type[Any]) -> inspect.Signature:
        import inspect  # noqa: PLC0415 - heavy, and only a prompt needs it

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
