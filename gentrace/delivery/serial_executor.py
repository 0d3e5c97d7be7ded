"""One thing at a time, also where a signal handler or a finalizer comes in between."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Turns:
    """A lock for actions, which a thread cannot wait for in vain because it holds it itself.

    A signal handler or a finalizer runs in the middle of whatever its thread is at, this lock's
    holder too. What it wants done then is done by that holder, as soon as it is through with its
    own action.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        """What is held during a turn."""
        self._is_busy = False
        self._later: deque[Callable[[], None]] = deque()

    def take(self, action: Callable[[], None]) -> bool:
        """Carry out an action while no other is; return False if it is left to the holder.

        An action should raise nothing. What interrupts it, such as Ctrl-C, passes through.
        """
        with self.lock:
            if self._is_busy:
                self._later.append(action)
                return False
            while True:
                self._is_busy = True
                try:
                    action()
                finally:
                    self._is_busy = False
                # Whoever comes in between from here on finds it free, and may do what was left.
                try:
                    action = self._later.popleft()
                except IndexError:
                    return True
