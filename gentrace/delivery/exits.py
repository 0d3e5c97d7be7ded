"""The end of a process: every delivery that is open then is closed within its time."""

from __future__ import annotations

import atexit
import sys
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

from gentrace.delivery.notices import is_heard
from gentrace.delivery.speaker import say_all
from gentrace.process import Process, call_after_fork, current_process

if TYPE_CHECKING:
    from collections.abc import Callable


class Closing(Protocol):
    """What is closed at the end: a delivery."""

    def end_late(self) -> None:
        """Close, or say what is dropped where that was done already."""
        ...

    def begin_exit(self) -> Callable[[], None]:
        """Begin to close, and return what waits for the end of it."""
        ...


_open: set[Closing] = set()


def keep_open(delivery: Closing) -> None:
    """Hold a delivery that may have runs, until it is closed or the process ends."""
    if delivery not in _open:
        _open.add(delivery)
        _close_in_worker()


def let_go(delivery: Closing) -> None:
    """Hold a delivery no longer."""
    _open.discard(delivery)


def close_all() -> None:
    """Close all that are open, each within its own `exit_timeout` from now."""
    closing = [(delivery, delivery.begin_exit()) for delivery in list(_open)]
    with ExitStack() as stack:  # one that fails keeps no other from its end
        for _, finish in reversed(closing):
            stack.callback(finish)
    say_all()


def close_late(delivery: Closing) -> None:
    """Close a delivery that gets a run when the exit functions have closed all: nobody else will.

    So it is in an exit function that was registered before, and in a finalizer after these.
    """
    if _is_over or sys.is_finalizing():
        delivery.end_late()


def _close_in_worker() -> None:
    """Have a worker close its deliveries at its end where that runs no atexit."""
    process = sys.modules.get("multiprocessing.process")
    me = current_process()
    if process is not None and process.parent_process() is not None and me not in _finalized:
        from multiprocessing.util import Finalize  # noqa: PLC0415 - such a child has loaded it

        Finalize(None, _end, exitpriority=0)  # before 3.13
        _finalized.add(me)
    celery = sys.modules.get("celery.signals")
    if celery is not None:
        celery.worker_process_shutdown.connect(_close_at_signal, weak=False)


def _close_at_signal(**_: object) -> None:
    _end()


def _end() -> None:
    global _is_over  # noqa: PLW0603 - a process has one
    _is_over = True
    close_all()
    is_heard()  # it keeps the logger for what finalizers have to say


def _begin() -> None:
    """Begin in a forked child, with nothing of the parent's."""
    global _is_over  # noqa: PLW0603 - a process has one
    _is_over = False
    _open.clear()


_main = threading.main_thread()
# Where an exit function is the first to use it, none is called that is registered now.
_is_over = threading.get_ident() == _main.ident and not _main.is_alive()
_finalized: set[Process] = set()
"""In which processes multiprocessing closes all."""

atexit.register(_end)
call_after_fork(_begin)
