"""Cancelling a write: either it is committed, or its request fails, never both."""

import threading


class Cancellation:
    """Decides a race between a request that is cancelled and the write that it started.

    The first call wins: after `cancel`, `commit` returns False, and the other way round.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._committed = False
        self.is_cancelled = False

    def cancel(self) -> bool:
        """Cancel the write; return False if it is already committed."""
        with self._lock:
            self.is_cancelled = not self._committed
            return self.is_cancelled

    def commit(self) -> bool:
        """Return whether the write may be committed; from then on it cannot be cancelled."""
        with self._lock:
            self._committed = not self.is_cancelled
            return self._committed
