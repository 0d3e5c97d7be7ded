"""Type tests that run no code of the tested value, and the aliases of builtins that they need.

After ``type(value) is dict`` a type checker infers a dict of unknown items; after
``type(value) is Dict`` it infers a dict of `Any`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

type_of: Callable[[object], type[Any]] = type
Dict: type[dict[Any, Any]] = dict
List: type[list[Any]] = list
Tuple: type[tuple[Any, ...]] = tuple

EXACT: dict[type, Any] = {str: str.__str__, int: int.__int__, float: float.__float__}
"""Converts an instance of a subclass to the class itself, without running overridden methods."""


def is_instance(value: object, module: str, name: str) -> bool:
    """Tell whether `value` is an instance of a class whose module may not have been imported.

    Its type decides, as its `__class__` may be anything.
    """
    kind: Any = getattr(sys.modules.get(module), name, None)
    return kind is not None and issubclass(type(value), kind)
