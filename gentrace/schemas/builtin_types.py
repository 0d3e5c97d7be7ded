"""Aliases of builtins for exact type tests.

After ``type(value) is dict`` a type checker infers a dict of unknown items; after
``type(value) is Dict`` it infers a dict of `Any`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

type_of: Callable[[object], type[Any]] = type
Dict: type[dict[Any, Any]] = dict
List: type[list[Any]] = list
Tuple: type[tuple[Any, ...]] = tuple
