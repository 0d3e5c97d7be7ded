"""Threads for calls with `async_req=True`, which are finished before the program ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from multiprocessing.pool import AsyncResult, ThreadPool
from multiprocessing.util import Finalize
from typing import TypeVar
from weakref import WeakSet

from gentrace.exceptions import ApiConnectionException
from gentrace.process import Process, call_at_exit, current_process, is_exiting

T = TypeVar("T")


class CallThreads:
    """A pool of threads; the program waits for their calls when it ends.

    Args:
        size: how many threads.

    Raises:
        ApiConnectionException: no thread can be started.

    """

    def __init__(self, size: int) -> None:
        self.process = current_process()
        self._is_closed = False
        if is_exiting():
            raise _thread_error("the interpreter is ending")
        try:
            _try_threads(size + _THREADS_OF_POOL)
            self._pool = ThreadPool(size)
        # AttributeError: ThreadPool's cleanup fails so when another thread took the last threads.
        # ImportError, OSError: it needs semaphores, which AWS Lambda and others do not have.
        except (RuntimeError, AttributeError, MemoryError, ImportError, OSError) as error:
            raise _thread_error(str(error)) from None
        _open.add(self)
        if self.process not in _finished:
            # A child of multiprocessing calls no atexit functions when it ends.
            Finalize(None, _finish, exitpriority=_BEFORE_POOLS)
            _finished.add(self.process)

    def submit(self, function: Callable[[], T]) -> AsyncResult[T]:
        """Run a function in one of the threads.

        Raises:
            ApiConnectionException: the interpreter is ending, and has ended the threads.

        """
        if self._is_closed:
            raise _thread_error("the interpreter is ending")
        # As a bound method, the task keeps the pool alive when the client is gone.
        return self._pool.apply_async(self._run, (function,))

    def close(self) -> None:
        """Finish the calls under way, and end the threads."""
        self._is_closed = True
        _open.discard(self)
        self._pool.close()
        self._pool.join()

    def _run(self, function: Callable[[], T]) -> T:
        return function()


_BEFORE_POOLS = 20
"""multiprocessing terminates its pools, with calls under way, at a priority of 15."""

_THREADS_OF_POOL = 3
"""How many threads a ThreadPool has besides its workers."""

_open: WeakSet[CallThreads] = WeakSet()
_finished: set[Process] = set()
"""The processes in which `_finish` is registered with multiprocessing."""


def _try_threads(count: int) -> None:
    """Start so many threads and end them, to see whether that many can be started.

    A ThreadPool that fails to start all of its threads leaks those that it started.

    Raises:
        RuntimeError, MemoryError: not so many threads can be started.

    """
    can_end = threading.Event()
    started: list[threading.Thread] = []
    try:
        for _ in range(count):
            thread = threading.Thread(target=can_end.wait, daemon=True)
            thread.start()
            started.append(thread)
    finally:
        can_end.set()
        for thread in started:
            thread.join()


def _finish() -> None:
    """Wait for the calls of this process; each ends within its time-outs."""
    own = [threads for threads in _open if threads.process == current_process()]
    for threads in own:
        threads.close()


call_at_exit(_finish)


def _thread_error(why: str) -> ApiConnectionException:
    """Build the error of a call for which no thread can be started; the caller raises it."""
    return ApiConnectionException(
        0, f"no thread can be started: {why}; call without async_req=True"
    )
