"""Names that are nearly those of declared properties."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from gentrace.schemas.frames import count_own_frames
from gentrace.schemas.words import show

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gentrace.schemas.properties import Property


def likely_name(name: str, names: Iterable[str]) -> str | None:
    """Return the name that was likely meant, None where none is near.

    Case and underscores do not matter.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - only unknown names need it

    letters = _letters(name[:_LONGEST])
    by_letters = {_letters(each): each for each in names}
    alike_long = [each for each in by_letters if abs(len(each) - len(letters)) <= 1]
    near = get_close_matches(letters, alike_long, 1, _LIKENESS)
    return by_letters[near[0]] if near else None


@lru_cache(maxsize=1000)
def warn_of_near_miss(model: type[Any], name: str) -> None:
    """Warn of a property that is kept although it is nearly a declared one: once a name."""
    declared: Iterable[Property[Any]] = model.properties_oapg.values()
    likely = likely_name(name, [each.name for each in declared])
    if likely not in {None, name}:  # by its Python name it may be in wire names
        warnings.warn(
            f"{model.__name__} has no property {show(name)}, which is sent as it is: "
            f"did you mean {likely!r}?",
            UserWarning,
            stacklevel=count_own_frames(),
        )


def _letters(name: str) -> str:
    return name.replace("_", "").lower()


_LONGEST = 40
"""How many characters of a name are looked at."""

_LIKENESS = 0.85
"""From which ratio of `difflib` on two names are near."""
