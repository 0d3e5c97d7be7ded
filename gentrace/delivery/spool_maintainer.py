"""What is done for a spool in a thread of its own: files are adopted and put on the disk."""

from __future__ import annotations

from queue import SimpleQueue
from typing import TYPE_CHECKING

from gentrace.delivery.spool import Spool
from gentrace.delivery.spooled_queue import SpooledQueue

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gentrace.delivery.clock import Clock
    from gentrace.delivery.limits import Limits
    from gentrace.delivery.notices import Notices

ADOPT_EVERY = 30.0
"""Seconds between two looks for files of processes that are gone."""

SYNC_EVERY = 1.0
"""Seconds until what was written to the spool is on the disk."""


class SpoolKeeper:
    """Keeps the files of a spool in order while the delivery is open.

    Args:
        directory: where they are.
        limits: how much the delivery holds.
        host: says where runs go.
        clock: the time.
        notices: what is to be said.
        is_off: tells whether delivery is off, so that no run of another process is taken over.
        act: carries out an action on the queue in turn.

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
        notices: Notices,
        is_off: Callable[[], bool],
        act: Callable[[Callable[[], None]], None],
    ) -> None:
        self._spool = Spool(directory, limits, host, clock.time, notices.remind)
        self.queue = SpooledQueue(limits, clock.draw, notices.count, self._spool)
        self._tell = notices.remind
        self._is_off = is_off
        self._act = act
        self._clock = clock
        self._wakes: SimpleQueue[None] = SimpleQueue()
        self._adopted_at: float | None = None
        self._is_over = False

    def run(self) -> None:
        """Keep them in order until it is stopped."""
        while not self._is_over:
            try:
                self._look_after()
            except BaseException as error:  # noqa: BLE001 - nothing may end the thread for good
                self._tell(f"the spool is looked after again after a {type(error).__name__}")
            self._clock.wait(self._wakes, SYNC_EVERY)

    def prepare(self) -> bool:
        """Make the directory and the own file, and adopt what is there, as `adopt` does."""
        self._act(self._spool.prepare)
        self._act(self.queue.look_after)  # what is empty makes room
        return self.adopt()

    def adopt(self) -> bool:
        """Take over the files of processes that are gone, unless delivery is off.

        Returns:
            Whether there are more than may be open at once.

        """
        self._adopted_at = self._clock.now()
        if self._is_off():
            return False
        for file in self._spool.find():
            self._act(lambda file=file: self.queue.adopt(file))  # type: ignore[misc] # bound in the loop
        return self._spool.has_more

    def stop(self) -> None:
        """Have `run` end."""
        self._is_over = True
        self._wakes.put(None)

    def leave(self) -> None:
        """In a forked child: leave all files to the parent."""
        self._spool.leave()

    def _look_after(self) -> None:
        for file in self._spool.files():
            file.sync()
        self._act(self.queue.look_after)
        now = self._clock.now()
        is_due = self._adopted_at is None or now >= self._adopted_at + ADOPT_EVERY
        if is_due or self._spool.has_more:
            self.adopt()
