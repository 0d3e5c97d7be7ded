"""Changing a context variable where a collection of garbage may come at any moment."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Argument = TypeVar("Argument")
Result = TypeVar("Result")


def change_context(change: Callable[[Argument], Result], argument: Argument) -> Result:
    """Set or reset a context variable, by its method, with no collection in the middle.

    Python 3.11 may collect garbage there: a finalizer that records or makes a call would change
    the context meanwhile, and crash the interpreter. Later versions collect afterwards. Where
    another thread turns collections off in that very moment, they are on again after it.
    """
    if not (_COLLECTS_ANYWHERE and gc.isenabled()):
        return change(argument)
    try:
        gc.disable()
        return change(argument)
    finally:
        gc.enable()


_COLLECTS_ANYWHERE = sys.version_info < (3, 12)
