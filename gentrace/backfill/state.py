"""The keys of acknowledged lines, on disk, so that memory use does not grow."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from typing import Any, Final, Literal, Self

from gentrace.directories import absolute
from gentrace.exceptions import ApiValueError

APPLICATION_ID: Final = 0x47745374
"""Identifies such a file, in the header of SQLite."""

PRIMARY_CODE: Final = 0xFF
"""The bits of an error code of SQLite that say what it is; the others say where it came from."""

TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS destination (host TEXT NOT NULL)",
    """
    CREATE TABLE IF NOT EXISTS acknowledged (key TEXT PRIMARY KEY, session INTEGER NOT NULL)
    WITHOUT ROWID
    """,
)


class State:
    """The keys that were acknowledged in this session and in earlier ones.

    A key is on disk when `add` returns. Only one process may use a file, one thread at a time.

    Args:
        path: the file, created for this user only if it is missing; None uses a temporary file.
        host: address of the server that acknowledges.

    Raises:
        OSError: the file cannot be used; methods raise it, too, such as on a full disk.
        ApiValueError: the file has another format, or is for another server.

    """

    def __init__(self, path: str | None, host: str) -> None:
        self._name = "the temporary state" if path is None else path
        if path is not None:
            # Keys may be what runs hold. SQLite says why a file cannot be made.
            with suppress(OSError):
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        try:
            self._connection = sqlite3.connect(
                # "" is a temporary file of SQLite. An absolute path makes ":memory:" a file.
                "" if path is None else absolute(path),
                isolation_level=None,
                check_same_thread=False,
            )
        except sqlite3.Error as error:
            raise OSError(f"{self._name}: cannot be opened: {error}") from error
        try:
            self._session = self._prepare(host)
        except (OSError, ApiValueError):
            self.close()
            raise

    def _prepare(self, host: str) -> int:
        (application,) = self._execute("PRAGMA application_id")
        (tables,) = self._execute("SELECT COUNT(*) FROM sqlite_schema")
        if tables and application != APPLICATION_ID:
            raise ApiValueError(f"{self._name}: expected a file of gentrace send, or a new one")
        self._execute("PRAGMA locking_mode = EXCLUSIVE")
        self._execute("PRAGMA journal_mode = WAL")
        self._execute("PRAGMA synchronous = NORMAL")
        self._execute(f"PRAGMA application_id = {APPLICATION_ID}")
        for table in TABLES:
            self._execute(table)
        known = self._execute("SELECT host FROM destination")
        if known is None:
            self._execute("INSERT INTO destination VALUES (?)", host)
        elif known[0] != host:
            raise ApiValueError(
                f"{self._name}: expected what {host} acknowledged, it is of {known[0]}; "
                "name another file for this server"
            )
        (last,) = self._execute("SELECT COALESCE(MAX(session), 0) FROM acknowledged")
        return int(last) + 1

    def find(self, key: str) -> Literal["now", "before"] | None:
        """Return in which session a key was acknowledged, None if it was not."""
        row = self._execute("SELECT session FROM acknowledged WHERE key = ?", key)
        if row is None:
            return None
        return "now" if row[0] == self._session else "before"

    def add(self, key: str) -> None:
        """Store a key as acknowledged in this session."""
        self._execute("INSERT OR IGNORE INTO acknowledged VALUES (?, ?)", key, self._session)

    def _execute(self, statement: str, *values: object) -> Any:
        """Execute a statement; return its first row, None if there is none."""
        try:
            return self._connection.execute(statement, values).fetchone()
        except sqlite3.Error as error:
            is_busy = getattr(error, "sqlite_errorcode", 0) & PRIMARY_CODE == sqlite3.SQLITE_BUSY
            why = "it is already in use" if is_busy else error
            raise OSError(f"{self._name}: cannot be used: {why}") from error

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
