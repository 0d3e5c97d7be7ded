"""Threads for calls that return at once: what is under way is finished before the program ends."""

from __future__ import annotations

from multiprocessing.pool import ThreadPool
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakSet

from gentrace.exceptions import ApiConnectionException
from gentrace.process import call_at_end, current_process, is_ending

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.pool import AsyncResult

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
            raise _no_thread("the interpreter is ending")
        try:
            self._pool = ThreadPool(size)
        except RuntimeError as error:
            raise _no_thread(str(error)) from None
        _open.add(self)
        # A child of multiprocessing calls no other functions when it ends.
        Finalize(None, _finish, exitpriority=_BEFORE_POOLS)

    def submit(self, function: Callable[[], T]) -> AsyncResult[T]:
        """Run a function in one of the threads.

        Raises:
            ApiConnectionException: the interpreter is ending, and has ended the threads.

        """
        if self._is_closed:
            raise _no_thread("the interpreter is ending")

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

_open: WeakSet[CallThreads] = WeakSet()


def _finish() -> None:
    """Wait for the calls of this process: each ends within its time-outs."""
    own = [threads for threads in _open if threads.process == current_process()]
    for threads in own:
        threads.close()


call_at_end(_finish)


def _no_thread(why: str) -> ApiConnectionException:
    """Build the error of a call that no thread can make."""
    return ApiConnectionException(
        0, f"no thread can be started: {why}; call without async_req=True"
    )
