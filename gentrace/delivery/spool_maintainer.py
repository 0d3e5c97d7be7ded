"""The thread of a spool: it syncs files to the disk, maintains them, and adopts orphaned ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gentrace.delivery.spool import Spool
from gentrace.delivery.spooled_queue import SpooledQueue
from gentrace.wakeup import Wakeup

if TYPE_CHECKING:
    from pathlib import Path

    from gentrace.delivery.clock import Clock
    from gentrace.delivery.limits import Limits
    from gentrace.delivery.notices import PendingWarnings

ADOPT_INTERVAL = 30.0
"""Seconds between two searches for orphaned files."""

SYNC_INTERVAL = 1.0
"""Seconds until what was written to the spool is synced to the disk."""


class SpoolMaintainer:
    """Maintains the files of a spool while the delivery is open.

    Args:
        directory: where they are.
        limits: how much the delivery holds.
        host: returns where runs go.
        clock: the time.
        warnings: what is to be logged.
        is_off: tells whether delivery is off, so that no file is adopted.
        execute: runs an action on the queue under its lock.

    Attributes:
        queue: the runs in them.

    """

    def __init__(  # noqa: PLR0913 - one argument a part of the engine that it works with
        self,
        directory: Path,
        limits: Limits,
        host: Callable[[], str],
        *,
        clock: Clock,
        warnings: PendingWarnings,
        is_off: Callable[[], bool],
        execute: Callable[[Callable[[], None]], None],
    ) -> None:
        self._warn = warnings.add_rate_limited
        self._spool = Spool(directory, limits, host, clock.time, self._warn)
        self.queue = SpooledQueue(limits, clock.draw, warnings.count_drop, self._spool)
        self._is_off = is_off
        self._execute = execute
        self._clock = clock
        self._wakeup = Wakeup()
        self._adopted_at: float | None = None
        self._is_stopped = False

    def run(self) -> None:
        """Maintain them until it is stopped."""
        while not self._is_stopped:
            try:
                self._maintain()
            except BaseException as error:  # noqa: BLE001 - nothing may end the thread for good
                self._warn(f"the spool is looked after again after a {type(error).__name__}")
            self._clock.wait(self._wakeup, SYNC_INTERVAL)

    def adopt(self) -> bool:
        """Adopt the files of processes that are gone, unless delivery is off.

        Returns:
            Whether there are more than may be open at once.

        """
        self._execute(self.queue.maintain)  # closing empty files lets more be adopted
        return self._adopt()

    def _adopt(self) -> bool:
        self._adopted_at = self._clock.now()
        if self._is_off():
            return False
        for file in self._spool.claim_orphans():
            self._execute(lambda file=file: self.queue.adopt(file))  # type: ignore[misc] # bound in the loop
        return self._spool.has_more

    def stop(self) -> None:
        """Make `run` end."""
        self._is_stopped = True
        self._wakeup.set()

    def disown(self) -> None:
        """In a forked child: leave all files to the parent."""
        self._spool.disown()

    def _maintain(self) -> None:
        for file in self._spool.files():
            file.sync()
        self._execute(self.queue.maintain)
        now = self._clock.now()
        is_due = self._adopted_at is None or now >= self._adopted_at + ADOPT_INTERVAL
        if is_due or self._spool.has_more:
            self._adopt()
