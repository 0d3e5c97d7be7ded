"""The slots of a connection pool, and its idle connections."""

from __future__ import annotations

import queue
from collections import deque
from typing import Any, cast

from urllib3.exceptions import ClosedPoolError

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
        self.maxsize = maxsize
        self._idle: list[Any] = []
        self._free: list[None] = []
        self._waiting: deque[Wakeup] = deque()
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
        turn = Wakeup()
        cancellation = current_cancellation.get()
        if cancellation is not None:
            cancellation.turn = turn
            seconds = min(seconds, cancellation.deadline.remaining())  # it may be cancelled already
        try:
            self._waiting.append(turn)
            self._hand_over()
            turn.wait(seconds)
        except BaseException:
            if not self._leave(turn):
                self.put(None)
            raise
        if self._leave(turn):  # the time is up, or the call was cancelled
            raise queue.Empty
        if self._is_closed:
            self.put(None)  # wakes the next waiter
            raise ClosedPoolError(cast("Any", self), "closed")

    def _leave(self, turn: Wakeup) -> bool:
        """Stop waiting; False if a slot was handed over before."""
        try:
            self._waiting.remove(turn)
        except ValueError:
            return False
        return True

    def _hand_over(self) -> None:
        """Give free slots to those who wait; whoever adds a slot or a waiter calls this."""
        while self._free and self._waiting:
            try:
                self._free.pop()
            except IndexError:
                return
            try:
                turn = self._waiting.popleft()
            except IndexError:
                self._free.append(None)
            else:
                turn.set()

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Return a slot, with its connection if it has one."""
        if item is not None:
            self._idle.append(item)
        self._free.append(None)
        self._hand_over()

    def close(self) -> None:
        """Make all waiters and later callers raise ClosedPoolError."""
        self._is_closed = True
        self.put(None)

    def qsize(self) -> int:
        """Return how many slots are free."""
        return len(self._free)
