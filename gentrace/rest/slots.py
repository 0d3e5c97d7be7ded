"""The slots of a connection pool, and its idle connections."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any, cast

from urllib3.exceptions import ClosedPoolError

from gentrace.clock import now
from gentrace.rest.cancellation import current_cancellation
from gentrace.rest.deadline import CLOCK_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable


class Slots:
    """The queue of urllib3's pool, in place of `queue.LifoQueue`; reentrant and safe to fork.

    `LifoQueue` has a lock that is not reentrant: a finalizer that returns a connection while the
    same thread takes one would deadlock, and so would a child that is forked meanwhile. Here, each
    change is one atomic operation.

    Args:
        maxsize: how many slots there are. The pool puts as many None in, for connections that are
            not made yet.

    """

    def __init__(self, maxsize: int) -> None:
        self.maxsize = maxsize
        self._idle: list[Any] = []
        self._queue_lock = threading.RLock()
        self._free: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._is_closed = False

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Take a slot: return the connection that was returned last, or None if none is idle.

        Args:
            block: whether to wait for a slot. The pool passes False only while it closes, to get
                the idle connections; that takes no slot, as calls may still come.
            timeout: how many seconds to wait; None is years.

        Raises:
            queue.Empty: no slot became free in time; or no connection is idle, without `block`.
            ClosedPoolError: the slots were closed; the caller takes another pool.

        """
        if block:
            self._wait(CLOCK_LIMIT if timeout is None else timeout)
        try:
            return self._idle.pop()
        except IndexError:
            if block:
                return None
        raise queue.Empty

    def _wait(self, seconds: float) -> None:
        """Take a slot, in the order of arrival: waiters go before a thread that just had one."""
        end = now() + seconds
        # An interrupt may come right after the lock was acquired: that is in the block as well.
        try:
            if not (_wait_until(end, self._enter_queue) and _wait_until(end, self._take_free)):
                raise queue.Empty
        finally:
            try:
                self._queue_lock.release()
            except RuntimeError as error:
                if "un-acquired" not in str(error):
                    raise  # what a signal handler raised
        if self._is_closed:
            self._free.put(None)  # wakes the next waiter
            raise ClosedPoolError(cast("Any", self), "closed")

    def _enter_queue(self, seconds: float) -> bool:
        return self._queue_lock.acquire(timeout=seconds)

    def _take_free(self, seconds: float) -> bool:
        try:
            self._free.get(timeout=seconds)
        except queue.Empty:
            return False
        return True

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Return a slot, with its connection if it has one."""
        if item is not None:
            self._idle.append(item)
        self._free.put(None)

    def close(self) -> None:
        """Make all waiters and later callers raise ClosedPoolError."""
        self._is_closed = True
        self._free.put(None)

    def qsize(self) -> int:
        """Return how many slots are free."""
        return self._free.qsize()


def _wait_until(end: float, wait: Callable[[float], bool]) -> bool:
    """Wait for something until `end`; tell whether it came.

    A cancellation wakes no thread that waits, so a call that can be cancelled waits in slices.
    """
    cancellation = current_cancellation.get()
    if cancellation is None:
        return wait(max(0.0, end - now()))
    while not wait(min(_SLICE, max(0.0, end - now()))):
        if cancellation.deadline.has_passed() or now() >= end:
            return False
    return True


_SLICE = 0.05
"""Seconds; a cancelled call frees its thread within twice that."""
