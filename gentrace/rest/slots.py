"""The places of a pool: how many connections there may be, and those that are idle."""

from __future__ import annotations

import queue
import threading
from typing import Any, cast

from urllib3.exceptions import ClosedPoolError

from gentrace.clock import now
from gentrace.rest.deadline import CLOCK_LIMIT


class Slots:
    """What urllib3's pool keeps its connections in, in place of `queue.LifoQueue`.

    That holds a lock of Python's: a finalizer that gives a connection back while the same thread
    takes one would wait for ever, and so would a child that is forked meanwhile. Here each step is
    one that nothing can interrupt.

    Args:
        maxsize: how many places there are. The pool puts as many None in, for connections that
            are not made yet.

    """

    def __init__(self, maxsize: int) -> None:
        self.maxsize = maxsize
        self._idle: list[Any] = []
        self._queue_lock = threading.RLock()
        self._free: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._is_closed = False

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Take a place: with the connection that came last, or with None.

        Args:
            block: whether to wait for one. The pool does; only its end does not, to close what is
                idle. It takes no place: a call at the interpreter's end still finds one.
            timeout: how many seconds to wait; None is years.

        Raises:
            queue.Empty: none came free, or nothing is idle.
            ClosedPoolError: there are no places any more: the caller takes another pool.

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
        """Take a place; who gives one back and wants another lets those go first that wait."""
        end = now() + seconds
        if not self._queue_lock.acquire(timeout=seconds):
            raise queue.Empty
        try:
            self._free.get(timeout=max(0.0, end - now()))
        finally:
            self._queue_lock.release()
        if self._is_closed:
            self._free.put(None)  # to tell whoever waits next
            raise ClosedPoolError(cast("Any", self), "closed")

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Give a place back, with its connection if it has one."""
        if item is not None:
            self._idle.append(item)
        self._free.put(None)

    def close(self) -> None:
        """Tell those who wait for a place, and who come later, that there is none any more."""
        self._is_closed = True
        self._free.put(None)

    def qsize(self) -> int:
        """Return how many places are free."""
        return self._free.qsize()
