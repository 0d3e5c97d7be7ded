"""`unset`, the sentinel of an absent property, body or header."""

from __future__ import annotations

from typing import Final, Literal


class Unset:
    """The type of `unset`."""

    __slots__ = ()

    def __new__(cls) -> Unset:  # noqa: PYI034 - a singleton
        """Return `unset`."""
        return unset

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "unset"

    def __reduce__(self) -> str:
        """Return the name of the object, so that pickle and copy give this very object."""
        return "unset"


unset: Final = object.__new__(Unset)
"""Stands for an absent property, body or header. It is false. None is JSON null instead."""
