"""Writing to a database: one at a time, on disk before it is answered, or called off."""

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
from gentrace.local.calling_off import CallingOff
from gentrace.local.files import Files
from gentrace.local.summaries import Summary
from gentrace.local.trouble import CalledOffError, StorageBusyError, StorageFullError

# Seconds to wait while another process writes to the same file.
PATIENCE: Final = 10.0
# Seconds of that wait after which to look whether it was called off.
SLICE: Final = 0.05
# Runs that are forgotten in one transaction, so that none holds the others up for long.
AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Limits:
    """What is kept: runs of the last `keep` seconds, and the newest `max_runs`; None is all."""

    keep: float | None = None
    max_runs: int | None = None


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A stored run: its id, the JSON text of its body as it was sent, and whether it is new."""

    id: str
    body: str
    is_new: bool


class Writer:
    """Writes to one open database through a connection of its own.

    Any thread may call it; they take turns. A write waits for other processes for PATIENCE seconds,
    unless it is called off. Raises `StorageError` where nothing was written, `CalledOffError` where
    that was asked for.
    """

    def __init__(self, connection: sqlite3.Connection, files: Files, limits: Limits) -> None:
        self._connection = connection
        self._files = files
        self._limits = limits
        self._lock = threading.Lock()
        self._stopped = False
        connection.execute(f"PRAGMA busy_timeout = {int(SLICE * 1000)}")

    def add(
        self, body: str, summary: Summary, key: str | None, calling_off: CallingOff
    ) -> StoredRun:
        """Store a run durably, unless `key` was used before: then give the run stored under it.

        `key` is the idempotency key, None if there is none.
        """
        with self._transaction(calling_off) as connection:
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
            tables.describe(connection, position, run_id, created_at, summary)
            self._forget(now.timestamp())
        return StoredRun(run_id, body, is_new=True)

    def delete(self, run_id: str, calling_off: CallingOff) -> bool:
        """Delete the run of that id, with its key; whether there was one."""
        with self._transaction(calling_off) as connection:
            found = connection.execute(
                "SELECT position FROM pipeline_runs WHERE id = ?", (run_id,)
            ).fetchone()
            if found is not None:
                tables.delete(connection, [*found])
        return found is not None

    def forget(self) -> int:
        """Delete some of the oldest runs that are no longer kept; how many, 0 if none is left."""
        with self._transaction(CallingOff()):
            return self._forget(time.time())

    def stop(self) -> None:
        """Call off whatever waits for another process, now and from now on."""
        self._stopped = True

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()

    def _forget(self, now: float) -> int:
        positions = {*self._expired(now), *self._surplus()}
        if positions:
            tables.delete(self._connection, sorted(positions))
        return len(positions)

    def _expired(self, now: float) -> list[int]:
        if self._limits.keep is None:
            return []
        oldest = self._connection.execute(
            "SELECT position, created_at FROM run_facts ORDER BY position LIMIT ?", (AT_ONCE,)
        )
        end = (now - self._limits.keep) * 1000
        return [position for position, created_at in oldest if created_at < end]

    def _surplus(self) -> list[int]:
        limit = self._limits.max_runs
        if limit is None:
            return []
        first, last = self._connection.execute(
            "SELECT (SELECT min(position) FROM run_facts), (SELECT max(position) FROM run_facts)"
        ).fetchone()
        # No more than these can be there, and to count them takes long.
        if first is None or last - first < limit:
            return []
        surplus = self._connection.execute(
            "SELECT position FROM run_facts WHERE position <="
            " (SELECT position FROM run_facts ORDER BY position DESC LIMIT 1 OFFSET ?)"
            " ORDER BY position LIMIT ?",
            (limit, AT_ONCE),
        )
        return [position for (position,) in surplus]

    @contextmanager
    def _transaction(self, calling_off: CallingOff) -> Generator[sqlite3.Connection]:
        end = clock.now() + PATIENCE
        self._wait(lambda: self._lock.acquire(timeout=SLICE), end, calling_off)
        try:
            self._wait(self._begin, end, calling_off)
            yield self._connection
            # Whoever removed the file would not find the run.
            self._files.check()
            if not calling_off.commit():
                raise CalledOffError
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise _trouble(error) from error
        finally:
            try:
                # SQLite has rolled back by itself after some errors.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
            finally:
                self._lock.release()

    def _begin(self) -> bool:
        try:
            # Immediate: what is read in it stays true until it is written, across processes too.
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            if _code(error) != sqlite3.SQLITE_BUSY:
                raise
            return False
        return True

    def _wait(self, attempt: Callable[[], bool], end: float, calling_off: CallingOff) -> None:
        while not attempt():
            if self._stopped or calling_off.called_off:
                raise CalledOffError
            if clock.now() > end:
                raise StorageBusyError("another process is writing to the database")


def _trouble(error: sqlite3.Error) -> Exception:
    # A full disk is FULL, an exceeded quota or file size is an IOERR of some kind.
    if _code(error) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return StorageFullError(str(error))
    return error


def _code(error: sqlite3.Error) -> int:
    """Give the primary result code, 0 where Python itself raised."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF
