"""The writer of the database: durable transactions, one at a time, that can be cancelled."""

import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from gentrace import clock
from gentrace.local import tables
from gentrace.local.cancellation import Cancellation
from gentrace.local.database_files import DatabaseFiles
from gentrace.local.storage_errors import (
    StorageError,
    WriteCancelledError,
    result_code,
    storage_error,
)
from gentrace.local.summaries import Summary

# Seconds to wait for another process that writes to the same file.
BUSY_TIMEOUT: Final = 10.0
# Seconds between two checks, during that wait, whether the write was cancelled.
POLL_INTERVAL: Final = 0.05
# How many runs one transaction deletes at most, so that it does not block other writes for long.
PRUNE_BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class Retention:
    """Which runs are kept: those of the last `keep` seconds, at most `max_runs`; None keeps all."""

    keep: float | None = None
    max_runs: int | None = None


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A stored run: its id, the JSON text of its body as it was sent, and whether it is new."""

    id: str
    body: str
    is_new: bool


class Writer:
    """Writes to one open database through a connection of its own; thread-safe.

    A write waits up to BUSY_TIMEOUT seconds for other processes. If nothing was written, methods
    raise `StorageError`, or `WriteCancelledError` if the write was cancelled.
    """

    def __init__(
        self, connection: sqlite3.Connection, database_files: DatabaseFiles, retention: Retention
    ) -> None:
        self._connection = connection
        self._files = database_files
        self._retention = retention
        self._lock = threading.Lock()
        self._is_stopped = False
        connection.execute(f"PRAGMA busy_timeout = {int(POLL_INTERVAL * 1000)}")

    def add(
        self, cancellation: Cancellation, body: str, summary: Summary, key: str | None
    ) -> StoredRun:
        """Store a run durably; if `key` was used before, return the run that is stored under it.

        `key` is the idempotency key, None for none.
        """
        with self._transaction(cancellation) as connection:
            earlier = connection.execute(
                "SELECT id, body FROM pipeline_runs WHERE idempotency_key = ?", (key,)
            ).fetchone()
            if earlier is not None:
                run_id, body = earlier
                return StoredRun(run_id, body, is_new=False)
            now = datetime.now(UTC)
            run_id = str(uuid.uuid4())
            created_at = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            position = connection.execute(
                "INSERT INTO pipeline_runs (id, created_at, name, body, idempotency_key)"
                " VALUES (?, ?, ?, ?, ?)",
                (run_id, created_at, summary.name, body, key),
            ).lastrowid
            assert position is not None  # noqa: S101 - a row was inserted
            tables.insert_summary(connection, position, run_id, created_at, summary)
            self._prune(now.timestamp())
        return StoredRun(run_id, body, is_new=True)

    def delete(self, cancellation: Cancellation, run_id: str) -> bool:
        """Delete the run of that id and its idempotency key; return False if there is none."""
        with self._transaction(cancellation) as connection:
            row = connection.execute(
                "SELECT position FROM pipeline_runs WHERE id = ?", (run_id,)
            ).fetchone()
            if row is not None:
                tables.delete(connection, [*row])
        return row is not None

    def prune(self) -> int:
        """Delete up to PRUNE_BATCH runs that are no longer kept; return how many were deleted."""
        with self._transaction(Cancellation()):
            return self._prune(time.time())

    def stop(self) -> None:
        """Cancel all writes that wait for another process, now and in the future."""
        self._is_stopped = True

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()

    def _prune(self, now: float) -> int:
        positions = {*self._expired(now), *self._surplus()}
        if positions:
            tables.delete(self._connection, sorted(positions))
        return len(positions)

    def _expired(self, now: float) -> list[int]:
        if self._retention.keep is None:
            return []
        oldest = self._connection.execute(
            "SELECT position, created_at FROM run_facts ORDER BY position LIMIT ?", (PRUNE_BATCH,)
        )
        cutoff = (now - self._retention.keep) * 1000
        return [position for position, created_at in oldest if created_at < cutoff]

    def _surplus(self) -> list[int]:
        limit = self._retention.max_runs
        if limit is None:
            return []
        first, last = self._connection.execute(
            "SELECT (SELECT min(position) FROM run_facts), (SELECT max(position) FROM run_facts)"
        ).fetchone()
        # An upper bound of the number of runs: counting them would be slow.
        if first is None or last - first < limit:
            return []
        surplus = self._connection.execute(
            "SELECT position FROM run_facts WHERE position <="
            " (SELECT position FROM run_facts ORDER BY position DESC LIMIT 1 OFFSET ?)"
            " ORDER BY position LIMIT ?",
            # SQLite takes no other kinds of integers, such as those of numpy.
            (int(limit), PRUNE_BATCH),
        )
        return [position for (position,) in surplus]

    @contextmanager
    def _transaction(self, cancellation: Cancellation) -> Generator[sqlite3.Connection]:
        deadline = clock.now() + BUSY_TIMEOUT
        self._wait(lambda: self._lock.acquire(timeout=POLL_INTERVAL), deadline, cancellation)
        try:
            self._wait(self._begin, deadline, cancellation)
            yield self._connection
            # In a file that was removed, the run would be lost.
            self._files.check_unchanged()
            if not cancellation.commit():
                raise WriteCancelledError
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise storage_error(error) from error
        finally:
            try:
                # After some errors SQLite has already rolled back.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
            finally:
                self._lock.release()

    def _begin(self) -> bool:
        try:
            # IMMEDIATE takes the write lock first: what is read stays true until the commit.
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            if result_code(error) != sqlite3.SQLITE_BUSY:
                raise
            return False
        return True

    def _wait(
        self, attempt: Callable[[], bool], deadline: float, cancellation: Cancellation
    ) -> None:
        while not attempt():
            if self._is_stopped or cancellation.is_cancelled:
                raise WriteCancelledError
            if clock.now() > deadline:
                raise StorageError("another process is writing to the database", retry_after=1)
