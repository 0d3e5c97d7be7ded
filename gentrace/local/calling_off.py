"""Calling a write off: it is written or refused, and never both."""

import threading


class CallingOff:
    """Decides once between a request that gives up and the write that it asked for.

    Whichever comes first, `call_off` of the one or `commit` of the other, makes the other False.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._committed = False
        self.called_off = False

    def call_off(self) -> bool:
        """Whether nothing will be written."""
        with self._lock:
            self.called_off = not self._committed
            return self.called_off

    def commit(self) -> bool:
        """Whether the write may become final; after that it cannot be called off."""
        with self._lock:
            self._committed = not self.called_off
            return self._committed
