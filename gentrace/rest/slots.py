"""The slots of a connection pool, and its idle connections."""

from __future__ import annotations

import queue
import threading
from collections import deque
from contextlib import suppress
from typing import Any, cast

from urllib3.exceptions import ClosedPoolError

from gentrace.clock import now
from gentrace.rest.cancellation import current_cancellation
from gentrace.rest.deadline import CLOCK_LIMIT
from gentrace.wakeup import Wakeup


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
        self._idle: list[Any] = []
        self._free: list[None] = []
        self._waiting: deque[_Turn] = deque()
        self._is_closed = False

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Take a slot: return the connection that was returned last, or None if none is idle.

        Args:
            block: whether to wait for a slot. The pool passes False only while it closes, to get
                the idle connections; that takes no slot, as calls may still come.
            timeout: how many seconds to wait; None is years.

        Raises:
            queue.Empty: no slot became free in time, or the call was cancelled; or no connection is
                idle, without `block`.
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
        if not self._waiting and self._take():
            return
        end = now() + seconds
        turn = _Turn()
        cancellation = current_cancellation.get()
        if cancellation is not None:
            cancellation.wakeup = turn
        # A signal handler goes before the wait of its own thread, which goes on only after it.
        is_nested = any(each.thread == turn.thread for each in self._waiting.copy())
        try:
            (self._waiting.appendleft if is_nested else self._waiting.append)(turn)
            while not self._take(turn):
                left = end - now()
                if cancellation is not None:
                    left = min(left, cancellation.deadline.remaining())
                if left <= 0:
                    raise queue.Empty
                turn.wait(left)
        finally:
            if turn in self._waiting:  # unless an interrupt came before it was added
                self._waiting.remove(turn)
            self._wake_first()

    def _take(self, turn: _Turn | None = None) -> bool:
        """Take a free slot, for a waiter only if it is its turn; tell whether there was one."""
        if self._is_closed:
            raise ClosedPoolError(cast("Any", self), "closed")
        if turn is not None and self._waiting[0] is not turn:
            return False
        try:
            self._free.pop()
        except IndexError:
            return False
        return True

    def _wake_first(self) -> None:
        """Wake the first waiter if a slot is free."""
        if self._free and self._waiting:
            with suppress(IndexError):
                self._waiting[0].set()

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Return a slot, with its connection if it has one."""
        if item is not None:
            self._idle.append(item)
        self._free.append(None)
        self._wake_first()

    def close(self) -> None:
        """Make all waiters and later callers raise ClosedPoolError."""
        self._is_closed = True
        for turn in self._waiting.copy():
            turn.set()

    def qsize(self) -> int:
        """Return how many slots are free; vcrpy asks a pool for it."""
        return len(self._free)


class _Turn(Wakeup):
    """Wakes a thread that waits for a slot."""

    def __init__(self) -> None:
        super().__init__()
        self.thread = threading.get_ident()
