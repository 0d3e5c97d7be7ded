"""Which process this is, known by the fork hook and by the process id, and whether it ends."""

from __future__ import annotations

import atexit
import os
import threading
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

Process = tuple[int, int]
"""How many forks lie between the first process and this one, as far as hooks saw them; its id.

Neither tells by itself: a C program may fork without hooks, and a child in a namespace of its own
may have its parent's id.
"""


class Lock(Protocol):
    """A lock that its own thread may take again: a signal handler that holds it may fork."""

    def acquire(self) -> bool:
        """Take it."""
        ...

    def release(self) -> None:
        """Release it."""


_generation = 0
_ending = False
_at_end: list[Callable[[], None]] = []
_after_fork: list[Callable[[], None]] = []


def current_process() -> Process:
    """Return what tells this process from its parent and its children."""
    return _generation, os.getpid()


def call_after_fork(function: Callable[[], None]) -> None:
    """Call a function in each child, when this module knows of it."""
    _after_fork.append(function)


def call_at_exit(function: Callable[[], None]) -> None:
    """Call a function when the interpreter ends, also if this is said while it does."""
    _at_end.append(function)


def is_exiting() -> bool:
    """Tell whether what `call_at_exit` was given has been called."""
    return _ending


def register_fork_lock(lock: Lock) -> None:
    """Have forks wait for a lock, which must be held for short and for nothing that waits.

    A lock that is gone is forgotten.

    For what would be left half-done in the child for good, such as an import: the lock of a
    module stays with a thread that the child does not have.
    """
    _locks[lock] = None


def unregister_fork_lock(lock: Lock) -> None:
    """Have forks wait for that lock no longer."""
    _locks.pop(lock, None)


@contextmanager
def fork_safe_imports() -> Generator[None]:
    """Load modules that a call is the first to need: forks of other threads wait for them."""
    _precede_logging()
    with _imports:
        yield


def _precede_logging() -> None:
    """Have forks take our locks before that of `logging`, for which modules wait that load.

    Of two functions to be called before a fork, the one that was registered last comes first.
    """
    global _is_before_logging  # noqa: PLW0603 - a process has one
    if not _is_before_logging:
        import_module("logging")
        _register(before=_take_locks)
        _is_before_logging = True


_is_before_logging = False
_locks: WeakKeyDictionary[Lock, None] = WeakKeyDictionary()
_taken: list[Lock] = []
_imports = threading.RLock()
register_fork_lock(_imports)


@atexit.register
def _end() -> None:
    global _ending  # noqa: PLW0603 - a process has one
    _ending = True
    for function in _at_end:
        function()


def _take_locks() -> None:
    for lock in filter(None, [reference() for reference in _locks.keyrefs()]):
        lock.acquire()
        _taken.append(lock)


def _release_locks() -> None:
    while _taken:
        _taken.pop().release()


def _count_fork() -> None:
    global _generation  # noqa: PLW0603 - a process has one
    _generation += 1
    _release_locks()
    for function in _after_fork:
        function()


def _register(**functions: Callable[[], None]) -> None:
    if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no forks
        os.register_at_fork(**functions)


_register(before=_take_locks, after_in_parent=_release_locks, after_in_child=_count_fork)
