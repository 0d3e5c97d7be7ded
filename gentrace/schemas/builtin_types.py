"""Builtins by names that tell the checkers of types what is inside of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

type_of: Callable[[object], type[Any]] = type
Dict: type[dict[Any, Any]] = dict
List: type[list[Any]] = list
Tuple: type[tuple[Any, ...]] = tuple
