"""Misspelt names: which known name was likely meant."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from gentrace.schemas.frames import warn_program
from gentrace.schemas.words import show

if TYPE_CHECKING:
    from gentrace.schemas.properties import Property


def suggest(name: str, known: Iterable[str]) -> str:
    """Return a hint at the known name that a misspelt one is closest to; empty if none is close."""
    close = _closest(name, known, _HINT_SIMILARITY)
    return "" if close in {None, name} else f": did you mean {close!r}?"


def likely_name(name: str, names: Iterable[str]) -> str | None:
    """Return the one of `names` that was likely meant, None if none is very close."""
    length = len(_normalize(name))
    of_similar_length = [each for each in names if abs(len(_normalize(each)) - length) <= 1]
    return _closest(name, of_similar_length, _LIKELY_SIMILARITY)


@lru_cache(maxsize=1000)
def warn_of_near_miss(model: type[Any], name: str) -> None:
    """Warn that an unknown property, which is kept, is nearly a declared one; once a name."""
    declared: Iterable[Property[Any]] = model.properties_oapg.values()
    likely = likely_name(name, [each.name for each in declared])
    if likely not in {None, name}:  # an answer may hold the Python name of a property
        warn_program(
            f"{model.__name__} has no property {show(name)}, which is sent as it is: "
            f"did you mean {likely!r}?",
            UserWarning,
        )


def _closest(name: str, names: Iterable[str], similarity: float) -> str | None:
    """Return the one of `names` that is closest to a name; case and underscores are ignored."""
    from difflib import get_close_matches  # noqa: PLC0415 - only unknown names need it

    by_normalized = {_normalize(each): each for each in names}
    close = get_close_matches(_normalize(name), by_normalized, 1, similarity)
    return by_normalized[close[0]] if close else None


def _normalize(name: str) -> str:
    return name[:_MAX_COMPARED].replace("_", "").lower()


_MAX_COMPARED = 40
"""How many characters of a name are compared."""

_HINT_SIMILARITY = 0.6
"""The ratio of `difflib` from which on an error hints at a name."""

_LIKELY_SIMILARITY = 0.85
"""The ratio from which on a name is taken for a misspelt one."""
