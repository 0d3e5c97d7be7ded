"""The places of a pool: how many connections there may be, and those that are idle."""

from __future__ import annotations

import queue
from typing import Any


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
        self._places: queue.SimpleQueue[None] = queue.SimpleQueue()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Take a place: with the connection that came last, or with None.

        Raises:
            queue.Empty: none came free in `timeout` seconds.

        """
        self._places.get(block, timeout)
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Give a place back, with its connection if it has one."""
        if item is not None:
            self._idle.append(item)
        self._places.put(None)

    def qsize(self) -> int:
        """Return how many places are free."""
        return self._places.qsize()
