"""The slots of a connection pool, and its idle connections."""

from __future__ import annotations

import queue
import threading
from typing import Any, cast

from urllib3.exceptions import ClosedPoolError

from gentrace.clock import now
from gentrace.rest.deadline import CLOCK_LIMIT


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
            if not self._queue_lock.acquire(timeout=seconds):
                raise queue.Empty
            self._free.get(timeout=max(0.0, end - now()))
        finally:
            try:  # noqa: SIM105 - an interrupt might come between `suppress` and what it is for
                self._queue_lock.release()
            except RuntimeError:  # this thread does not hold it
                pass
        if self._is_closed:
            self._free.put(None)  # wakes the next waiter
            raise ClosedPoolError(cast("Any", self), "closed")

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
