"""Threads for calls that return at once: what is under way is finished before the program ends."""

from __future__ import annotations

import threading
from multiprocessing.pool import ThreadPool
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakSet

from gentrace.exceptions import ApiConnectionException
from gentrace.process import call_at_end, current_process, is_ending

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.pool import AsyncResult

    from gentrace.process import Process

T = TypeVar("T")


class CallThreads:
    """A pool of threads that the program waits for when it ends.

    Args:
        size: how many threads.

    Raises:
        ApiConnectionException: no thread can be started.

    """

    def __init__(self, size: int) -> None:
        self.process = current_process()
        self._is_closed = False
        if is_ending():
            raise _thread_error("the interpreter is ending")
        try:
            _try_threads(size + _THREADS_OF_POOL)
            self._pool = ThreadPool(size)
        # The second where others have taken the threads meanwhile: a pool cannot tell it.
        except (RuntimeError, AttributeError, MemoryError) as error:
            raise _thread_error(str(error)) from None
        _open.add(self)
        if self.process not in _finished:
            # A child of multiprocessing calls no other functions when it ends.
            Finalize(None, _finish, exitpriority=_BEFORE_POOLS)
            _finished.add(self.process)

    def submit(self, function: Callable[[], T]) -> AsyncResult[T]:
        """Run a function in one of the threads.

        Raises:
            ApiConnectionException: the interpreter is ending, and has ended the threads.

        """
        if self._is_closed:
            raise _thread_error("the interpreter is ending")

        def run() -> T:
            # The task holds on to its pool, which would otherwise go with the client that made it.
            return self._run(function)

        return self._pool.apply_async(run)

    def close(self) -> None:
        """Finish what is under way, and end the threads."""
        self._is_closed = True
        _open.discard(self)
        self._pool.close()
        self._pool.join()

    def _run(self, function: Callable[[], T]) -> T:
        return function()


_BEFORE_POOLS = 20
"""multiprocessing ends its pools, whatever they are at, with a priority of 15."""

_THREADS_OF_POOL = 3
"""How many threads a pool has for itself."""

_open: WeakSet[CallThreads] = WeakSet()
_finished: set[Process] = set()
"""In which processes multiprocessing waits for the calls."""


def _try_threads(count: int) -> None:
    """Start so many threads and end them: a pool would leave behind those that it can start.

    Raises:
        RuntimeError, MemoryError: there are not so many to be had.

    """
    door = threading.Event()
    started: list[threading.Thread] = []
    try:
        for _ in range(count):
            thread = threading.Thread(target=door.wait, daemon=True)
            thread.start()
            started.append(thread)
    finally:
        door.set()
        for thread in started:
            thread.join()


def _finish() -> None:
    """Wait for the calls of this process: each ends within its time-outs."""
    own = [threads for threads in _open if threads.process == current_process()]
    for threads in own:
        threads.close()


call_at_end(_finish)


def _thread_error(why: str) -> ApiConnectionException:
    """Build the error of a call that no thread can make."""
    return ApiConnectionException(
        0, f"no thread can be started: {why}; call without async_req=True"
    )
