"""The end of the process: every delivery that is open then is closed within its time."""

from __future__ import annotations

import atexit
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from importlib import import_module

from gentrace.delivery.warning_logger import log_all_remaining
from gentrace.process import Process, call_after_fork, current_process

BeginExit = Callable[[], Callable[[], None]]
"""Begins to close a delivery; returns a function that waits for its end."""

_open: set[BeginExit] = set()


def register(begin_exit: BeginExit) -> None:
    """Have a delivery that may have runs closed when the process ends, unless it is closed before.

    It is kept alive until then.
    """
    if begin_exit not in _open:
        _open.add(begin_exit)
        _hook_worker_process()


def unregister(begin_exit: BeginExit) -> None:
    """Hold a closed delivery no longer."""
    _open.discard(begin_exit)


def close_all() -> None:
    """Close all that are open, each within its own `exit_timeout` from now."""
    finishes = [begin_exit() for begin_exit in list(_open)]
    with ExitStack() as stack:  # one that fails does not keep the others from closing
        for finish in reversed(finishes):
            stack.callback(finish)
    log_all_remaining()


def has_exited() -> bool:
    """Tell whether nobody closes a delivery any more: `close_all` was called at the end.

    Exit functions that were registered earlier run after ours, and finalizers after all of them.
    """
    return _has_exited or sys.is_finalizing()


def _hook_worker_process() -> None:
    """Have deliveries closed in worker processes that run no atexit functions."""
    for package in ("multiprocessing", "multiprocess"):  # the latter is a fork of the former
        process = sys.modules.get(f"{package}.process")
        # A program may have a package of its own of that name.
        parent_process = getattr(process, "parent_process", None)
        hook = package, current_process()
        if parent_process is not None and parent_process() is not None and hook not in _hooked:
            import_module(f"{package}.util").Finalize(None, _exit, exitpriority=0)
            _hooked.add(hook)
    # Another thread may still be importing that module.
    shutdown = getattr(sys.modules.get("celery.signals"), "worker_process_shutdown", None)
    if shutdown is not None:
        shutdown.connect(_exit, weak=False)


def _exit(**_: object) -> None:
    """Close all deliveries; signals of Celery have arguments."""
    global _has_exited  # noqa: PLW0603 - a process has one
    _has_exited = True
    close_all()


def _reset_after_fork() -> None:
    """Forget the parent's deliveries in a forked child."""
    global _has_exited  # noqa: PLW0603 - a process has one
    _has_exited = False
    _open.clear()


_main = threading.main_thread()
# If an exit function is the first to import this, it is too late to register another one.
_has_exited = threading.get_ident() == _main.ident and not _main.is_alive()
_hooked: set[tuple[str, Process]] = set()
"""The packages in which `_exit` is registered, each with the process of which it is."""

atexit.register(_exit)
call_after_fork(_reset_after_fork)
