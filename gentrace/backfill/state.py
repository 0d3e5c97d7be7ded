"""The keys of the lines that the server has acknowledged, on disk: memory does not grow."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from gentrace.exceptions import ApiValueError

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

APPLICATION: Final = 0x47745374
"""Marks a file as one of these, in SQLite's header."""

TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS destination (host TEXT NOT NULL)",
    """
    CREATE TABLE IF NOT EXISTS acknowledged (key TEXT PRIMARY KEY, session INTEGER NOT NULL)
    WITHOUT ROWID
    """,
)


class State:
    """What was acknowledged, in this session and in those before.

    A key is on disk when `add` returns. One process at a time may use a file, its threads in turn.

    Args:
        path: file, made if it is missing; None keeps the keys in a temporary one.
        host: address of the server that acknowledges.

    Raises:
        OSError: the file cannot be used; methods raise it, too, such as on a full disk.
        ApiValueError: it is of another kind, or of another server.

    """

    def __init__(self, path: str | None, host: str) -> None:
        self._shown = "the temporary state" if path is None else path
        try:
            self._connection = sqlite3.connect(
                # An empty name is a temporary file that SQLite removes; ":memory:" is a file here.
                "" if path is None else Path(path).absolute(),
                isolation_level=None,
                check_same_thread=False,
            )
        except sqlite3.Error as error:
            raise OSError(f"{self._shown}: cannot be opened: {error}") from error
        try:
            self._session = self._prepare(host)
        except (OSError, ApiValueError):
            self.close()
            raise

    def _prepare(self, host: str) -> int:
        (application,) = self._ask("PRAGMA application_id")
        (tables,) = self._ask("SELECT COUNT(*) FROM sqlite_schema")
        if tables and application != APPLICATION:
            raise ApiValueError(f"{self._shown}: expected a file of gentrace send, or a new one")
        self._ask("PRAGMA locking_mode = EXCLUSIVE")
        self._ask("PRAGMA journal_mode = WAL")
        self._ask("PRAGMA synchronous = NORMAL")
        self._ask(f"PRAGMA application_id = {APPLICATION}")
        for table in TABLES:
            self._ask(table)
        known = self._ask("SELECT host FROM destination")
        if known is None:
            self._ask("INSERT INTO destination VALUES (?)", host)
        elif known[0] != host:
            raise ApiValueError(
                f"{self._shown}: expected what {host} acknowledged, it is of {known[0]}"
            )
        (last,) = self._ask("SELECT COALESCE(MAX(session), 0) FROM acknowledged")
        return int(last) + 1

    def find(self, key: str) -> Literal["now", "before"] | None:
        """Tell in which session a key was acknowledged; None if it was not."""
        row = self._ask("SELECT session FROM acknowledged WHERE key = ?", key)
        if row is None:
            return None
        return "now" if row[0] == self._session else "before"

    def add(self, key: str) -> None:
        """Note that a key was acknowledged."""
        self._ask("INSERT OR IGNORE INTO acknowledged VALUES (?, ?)", key, self._session)

    def _ask(self, statement: str, *values: object) -> Any:
        """Execute a statement; return the first row that it finds, None without one."""
        try:
            return self._connection.execute(statement, values).fetchone()
        except sqlite3.Error as error:
            raise OSError(f"{self._shown}: cannot be used: {error}") from error

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
