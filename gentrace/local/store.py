"""Pipeline runs in SQLite, on disk before they are answered."""

import sqlite3
import threading
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from os import PathLike
from typing import Final

VERSION: Final = 1
# Seconds to wait while another process writes to the same file.
PATIENCE: Final = 30.0
# A position after that of every run.
END: Final = 2**63 - 1
COLUMNS: Final = "id, created_at, name, body"
TABLE: Final = """
CREATE TABLE IF NOT EXISTS pipeline_runs (
    position INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    idempotency_key TEXT UNIQUE,
    created_at TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL
)
"""


class StorageFullError(OSError):
    """The run could not be written, and nothing of it was."""


@dataclass(frozen=True, slots=True)
class StoredRun:
    """One stored run: `created_at` is RFC 3339 in UTC, `body` the JSON text as it was sent."""

    id: str
    created_at: str
    name: str
    body: str


class Store:
    """The runs in one SQLite file, which is made if it is missing.

    Any thread may call it; a lock makes them take turns at the one connection, so a writer waits
    and is never told that the database is locked. Raises OSError if the file cannot be written.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self._lock = threading.Lock()
        try:
            self._connection = sqlite3.connect(
                path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise OSError(f"cannot store in {path}: {error}") from error
        try:
            self._prepare()
        except (sqlite3.Error, ValueError) as error:
            self._connection.close()
            raise OSError(f"cannot store in {path}: {error}") from error

    def _prepare(self) -> None:
        (mode,) = self._connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise ValueError("it cannot hold a write-ahead log")
        # In WAL mode this, and not NORMAL, puts the log on disk at every commit.
        self._connection.execute("PRAGMA synchronous = FULL")
        with self._transaction():
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            if version not in (0, VERSION):
                raise ValueError(f"it holds version {version} of the table, not {VERSION}")
            self._connection.execute(TABLE)
            self._connection.execute(f"PRAGMA user_version = {VERSION}")

    @contextmanager
    def _transaction(self) -> Generator[None]:
        # Immediate: what is read in it stays true until it is written, across processes too.
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            # SQLite has rolled back by itself after some errors.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def add(self, name: str, body: str, key: str | None) -> StoredRun:
        """Store a run durably, unless `key` was used before: then the run stored under it.

        `key` is the idempotency key, None if there is none. Raises `StorageFullError`.
        """
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        run = StoredRun(str(uuid.uuid4()), now, name, body)
        try:
            with self._lock, self._transaction():
                earlier = None if key is None else self._find("idempotency_key", key)
                if earlier is None:
                    self._connection.execute(
                        f"INSERT INTO pipeline_runs ({COLUMNS}, idempotency_key)"  # noqa: S608
                        " VALUES (?, ?, ?, ?, ?)",
                        (run.id, run.created_at, run.name, run.body, key),
                    )
        except sqlite3.OperationalError as error:
            # A full disk is FULL, an exceeded quota or file size is an IOERR of some kind.
            if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
                raise StorageFullError(str(error)) from error
            raise
        return earlier or run

    def get(self, run_id: str) -> StoredRun | None:
        """Find the run of that id, None if there is none."""
        with self._lock:
            return self._find("id", run_id)

    def delete(self, run_id: str) -> bool:
        """Forget the run of that id and its key; whether there was one."""
        with self._lock, self._transaction():
            found = self._connection.execute("DELETE FROM pipeline_runs WHERE id = ?", (run_id,))
        return found.rowcount > 0

    def position(self, run_id: str) -> int | None:
        """Find where the run of that id stands in the order of storing, None if there is none."""
        with self._lock:
            row = self._connection.execute(
                "SELECT position FROM pipeline_runs WHERE id = ?", (run_id,)
            ).fetchone()
        return None if row is None else row[0]

    def newest(self, before: int) -> tuple[int, StoredRun] | None:
        """Find the newest run that stands before a position, and its own; None if there is none."""
        with self._lock:
            row = self._connection.execute(
                f"SELECT position, {COLUMNS} FROM pipeline_runs"  # noqa: S608 - our names
                " WHERE position < ? ORDER BY position DESC LIMIT 1",
                (before,),
            ).fetchone()
        return None if row is None else (row[0], StoredRun(*row[1:]))

    def close(self) -> None:
        """Close the file; its write-ahead log becomes part of it."""
        with self._lock:
            self._connection.close()

    def _find(self, column: str, value: str) -> StoredRun | None:
        row = self._connection.execute(
            f"SELECT {COLUMNS} FROM pipeline_runs WHERE {column} = ?",  # noqa: S608 - our names
            (value,),
        ).fetchone()
        return None if row is None else StoredRun(*row)
