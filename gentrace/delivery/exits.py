"""The end of a process: every delivery that is open then is closed within its time."""

from __future__ import annotations

import atexit
import sys
from typing import TYPE_CHECKING, Protocol

from gentrace.process import call_after_fork

if TYPE_CHECKING:
    from collections.abc import Callable


class Closing(Protocol):
    """What is closed at the end: a delivery."""

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
    for _, finish in closing:
        finish()


def _close_in_worker() -> None:
    """Have a worker close its deliveries at its end where that runs no atexit."""
    process = sys.modules.get("multiprocessing.process")
    if process is not None and process.parent_process() is not None:  # before 3.13
        from multiprocessing.util import Finalize  # noqa: PLC0415 - such a child has loaded it

        Finalize(None, close_all, exitpriority=0)
    celery = sys.modules.get("celery.signals")
    if celery is not None:
        celery.worker_process_shutdown.connect(_close_at_signal, weak=False)


def _close_at_signal(**_: object) -> None:
    close_all()


atexit.register(close_all)
call_after_fork(_open.clear)
