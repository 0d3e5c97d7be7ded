"""Setting a context variable without a garbage collection in the middle."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import TypeVar

Argument = TypeVar("Argument")
Result = TypeVar("Result")


def call_without_gc(method: Callable[[Argument], Result], argument: Argument) -> Result:
    """Call the `set` or `reset` method of a context variable with garbage collection disabled.

    Python 3.11 may collect garbage inside of that method. A finalizer that records or makes a call
    would then change the context too, and crash the interpreter. Later versions collect afterwards.
    If another thread disables collection at the same moment, it is enabled again here.
    """
    if not (_COLLECTS_WHILE_SETTING and gc.isenabled()):
        return method(argument)
    try:
        gc.disable()
        return method(argument)
    finally:
        gc.enable()


_COLLECTS_WHILE_SETTING = sys.version_info < (3, 12)
