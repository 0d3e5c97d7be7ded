"""What ties a queue to a spool: who reads and writes when, and in which order."""

from __future__ import annotations

import sqlite3
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from gentrace.delivery.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gentrace.delivery.clock import Clock
    from gentrace.delivery.notices import Notices
    from gentrace.delivery.queue import RunQueue
    from gentrace.delivery.run import Run
    from gentrace.delivery.spool_file import SpoolFile
    from gentrace.delivery.turns import Turns

ADOPT_EVERY = 30.0
"""Seconds between two looks for files of processes that are gone."""


class Spooling:
    """Stores runs before they are queued, and keeps file and queue in step.

    There are two turns: that of the spool, in which files are read and written, and inside of it
    that of the queue, in which nothing is.

    Args:
        directory: where the spool is.
        max_bytes: how many bytes the own file may have, with its log.
        max_age: seconds after which a run is dropped.
        queue: the queue, and
        turns: who may change it.
        notices: what counts drops, and says what is to be said.
        host: says where runs go.
        clock: the time.

    """

    def __init__(  # noqa: PLR0913 - one argument a part of the engine that it works with
        self,
        directory: Path,
        max_bytes: int,
        max_age: float,
        *,
        queue: RunQueue,
        turns: Turns,
        notices: Notices,
        host: Callable[[], str],
        clock: Clock,
    ) -> None:
        self._max_age = max_age
        self._queue = queue
        self._turns = turns
        self._notices = notices
        self._host = host
        self._clock = clock
        self._incoming: deque[Run] = deque()
        self._adopted_at: float | None = None
        self._spool = Spool(directory, max_bytes, notices.remind)

    def enqueue(self, run: Run) -> None:
        """Store and queue a run; nothing else is between it and the disk when this returns."""
        self._incoming.append(run)
        self.drain()

    def drain(self) -> None:
        """Store and queue what came in; where this thread has a turn, it does so after it."""
        if self._incoming and not self._turns.is_mine:
            self._spool.turns.take(self._store_all)

    def _store_all(self) -> None:
        # Removed only then: what interrupts it, such as Ctrl-C, loses none.
        while self._incoming:
            self._store(self._incoming[0])
            self._incoming.popleft()

    def _store(self, run: Run) -> None:
        body = cast("bytes", run.body)
        is_stored = None
        if not self._queue.is_closed:
            is_stored = self._spool.write(run, body, self._host())
        if is_stored:
            run.body = None
            self._turns.take(lambda: self._queue.accept_stored(run))
        elif is_stored is False:
            self._turns.take(lambda: self._turn_away(run))
        else:
            self._turns.take(lambda: self._accept(run))

    def _accept(self, run: Run) -> None:
        reason = self._queue.accept(run)
        if reason is not None:
            self._notices.count(reason)

    def _turn_away(self, run: Run) -> None:
        self._queue.turn_away(run, "spool_full")
        self._notices.count("spool_full")

    def prepare(self) -> None:
        """Make the directory and the own file, and adopt what is there."""
        host = self._host()
        self._spool.turns.take(lambda: self._spool.prepare(host))
        self.adopt()

    def adopt(self) -> None:
        """Take over the files of processes that are gone."""
        self._adopted_at = self._clock.now()
        for file in self._spool.find(self._host()):
            self._spool.turns.take(lambda file=file: self._take_over(file))  # type: ignore[misc] # bound in the loop

    def _take_over(self, file: SpoolFile) -> None:
        if self._spool.add(file):
            count, last_row = file.count(), file.last_row
            self._turns.take(lambda: self._queue.adopt(file, count, last_row))

    def refill(self) -> None:
        """Load runs that are in a file alone, if memory has none left."""
        if self._queue.wanted() is not None:
            self._spool.turns.take(self._load)

    def _load(self) -> None:
        wanted = self._queue.wanted()
        if wanted is None or self._spool.is_closed:
            return
        place, beyond, count = wanted
        try:
            runs = place.load(beyond, count)
        except sqlite3.Error as error:
            self._notices.remind(f"the spool cannot be read: {error}")
            return
        self._turns.take(lambda: self._queue.load(place, runs))

    def is_expired(self, run: Run) -> bool:
        """Tell whether a run is in the spool for too long."""
        return run.accepted_at + self._max_age < self._clock.time()

    def body(self, run: Run) -> bytes | None:
        """Return the body of a run; None if it is there no more.

        Raises:
            sqlite3.Error: it cannot be read.

        """
        found: list[bytes | None] = []
        failed: list[sqlite3.Error] = []

        def read() -> None:
            assert run.place is not None  # noqa: S101 - it is stored
            try:
                found.append(None if self._spool.is_closed else run.place.body(run.row))
            except sqlite3.Error as error:
                failed.append(error)

        self._spool.turns.take(read)
        if failed:
            raise failed[0]
        return found[0]

    def remove(self, run: Run) -> None:
        """Forget a run that has ended."""

        def remove() -> None:
            # If it cannot be, the run is sent once more, with its key.
            if run.place is not None:
                with suppress(sqlite3.Error):
                    run.place.remove(run.row)

        self._spool.turns.take(remove)

    def look_after(self) -> None:
        """Do what is to be done about once a second."""
        for file in self._spool.files():
            file.sync()
        self._spool.turns.take(self._clean)
        if self._adopted_at is None or self._clock.now() >= self._adopted_at + ADOPT_EVERY:
            self.adopt()

    def _clean(self) -> None:
        try:
            self._spool.look_after()
            for file in self._spool.drop_empty():
                self._turns.take(lambda file=file: self._queue.backlogs.forget(file))  # type: ignore[misc] # bound in the loop
        except sqlite3.Error as error:
            self._notices.remind(f"the spool cannot be looked after: {error}")

    def close(self) -> None:
        """Close all files."""
        self._spool.turns.take(self._spool.close)

    def leave(self) -> None:
        """In a forked child: leave all files to the parent."""
        self._spool.leave()
