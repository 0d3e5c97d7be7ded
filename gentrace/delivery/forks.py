"""Which process this is: known by the fork hook, and by the process id where no hook ran."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

Process = tuple[int, int]
"""How many forks lie between the first process and this one, as far as hooks saw them; its id.

Neither tells by itself: a C program may fork without hooks, and a child in a namespace of its own
may have its parent's id.
"""

_generation = 0
_after_fork: list[Callable[[], None]] = []


def current_process() -> Process:
    """Return what tells this process from its parent and its children."""
    return _generation, os.getpid()


def call_after_fork(function: Callable[[], None]) -> None:
    """Call a function in each child, when this module knows of it."""
    _after_fork.append(function)


def hold_forks() -> AbstractContextManager[object]:
    """Have forks wait for the end of a block, which must be short and wait for nothing.

    For what would be left half-done in the child for good, such as an import: the lock of a
    module stays with a thread that the child does not have.
    """
    return _blocks


def _count_fork() -> None:
    global _generation  # noqa: PLW0603 - a process has one
    _generation += 1
    _blocks.release()
    for function in _after_fork:
        function()


# Reentrant, as a signal handler in the middle of a block may fork.
_blocks = threading.RLock()

if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no forks
    os.register_at_fork(
        before=_blocks.acquire,
        after_in_parent=_blocks.release,
        after_in_child=_count_fork,
    )
