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
    from difflib import get_close_matches  # noqa: PLC0415 - only an error needs it

    close = get_close_matches(name[:_MAX_COMPARED], list(known), 1)
    return f": did you mean {close[0]!r}?" if close and close[0] != name else ""


def likely_name(name: str, names: Iterable[str]) -> str | None:
    """Return the one of `names` that was likely meant, None if none is very close.

    Case and underscores are ignored.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - only unknown names need it

    normalized = _normalize(name[:_MAX_NORMALIZED])
    by_normalized = {_normalize(each): each for each in names}
    of_similar_length = [each for each in by_normalized if abs(len(each) - len(normalized)) <= 1]
    close = get_close_matches(normalized, of_similar_length, 1, _MIN_SIMILARITY)
    return by_normalized[close[0]] if close else None


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


def _normalize(name: str) -> str:
    return name.replace("_", "").lower()


_MAX_COMPARED = 100
"""How many characters of a name `suggest` compares."""

_MAX_NORMALIZED = 40
"""How many characters of a name `likely_name` compares."""

_MIN_SIMILARITY = 0.85
"""The ratio of `difflib` from which on `likely_name` takes two names for the same."""
