"""The identity of this process, and hooks for forks and for the interpreter's exit.

A child of a fork has none of its parent's threads, and its locks stay as they were at the fork. So
objects compare `current_process()` with the process they were made in, and a lock that must be
free in a child is registered with `register_fork_lock`.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from weakref import WeakKeyDictionary

Process = tuple[int, int]
"""How many forks the hooks counted up to this process, and its process id.

Both are needed: C code may fork without running the hooks, and a child in its own pid namespace may
have its parent's id.
"""


_forks = 0
_exiting = False
_exit_functions: list[Callable[[], None]] = []
_fork_functions: list[Callable[[], None]] = []


def current_process() -> Process:
    """Return the identity of this process, which differs from its parent's and its children's."""
    return _forks, os.getpid()


def call_after_fork(function: Callable[[], None]) -> None:
    """Register a function that each child calls after `current_process` has changed."""
    _fork_functions.append(function)


def call_at_exit(function: Callable[[], None]) -> None:
    """Register a function that the interpreter calls as it exits, even while it already exits."""
    _exit_functions.append(function)


def is_exiting() -> bool:
    """Tell whether the functions of `call_at_exit` run or have run."""
    return _exiting


def register_fork_lock(lock: threading.RLock) -> None:
    """Acquire a lock before each fork, and release it afterwards in the parent and the child.

    It is reentrant, as a signal handler may fork while its own thread holds the lock.

    It protects work that a child could never finish, such as an import: the lock of a module
    stays with a thread that the child does not have. Hold it briefly, and never while blocking.
    Only a weak reference to it is kept.
    """
    _locks[lock] = None


def unregister_fork_lock(lock: threading.RLock) -> None:
    """Stop acquiring that lock before forks."""
    _locks.pop(lock, None)


@contextmanager
def fork_safe_imports() -> Generator[None]:
    """Import modules on first use while forks of other threads wait."""
    _acquire_before_logging()
    with _import_lock:
        yield


@cache
def _acquire_before_logging() -> None:
    """Make each fork acquire our locks before the lock of `logging`, to avoid a deadlock.

    A module that is being imported may wait for the lock of `logging`. Of two `before` hooks, the
    one registered last runs first, so `logging` must have registered its own already.
    """
    import_module("logging")
    _register(before=_acquire_locks)


_locks: WeakKeyDictionary[threading.RLock, None] = WeakKeyDictionary()
_acquired: list[threading.RLock] = []
_import_lock = threading.RLock()
register_fork_lock(_import_lock)


@atexit.register
def _run_exit_functions() -> None:
    global _exiting  # noqa: PLW0603 - a process has one
    _exiting = True
    for function in _exit_functions:
        function()


def _acquire_locks() -> None:
    for lock in filter(None, [reference() for reference in _locks.keyrefs()]):
        lock.acquire()
        _acquired.append(lock)


def _release_locks() -> None:
    while _acquired:
        _acquired.pop().release()


def _reset_child() -> None:
    global _forks  # noqa: PLW0603 - a process has one
    _forks += 1
    _release_locks()
    for function in _fork_functions:
        function()


def _register(**functions: Callable[[], None]) -> None:
    if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no forks
        os.register_at_fork(**functions)


_register(before=_acquire_locks, after_in_parent=_release_locks, after_in_child=_reset_child)
