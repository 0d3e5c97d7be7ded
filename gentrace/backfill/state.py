"""The keys of the lines that the server has acknowledged, on disk: memory does not grow."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

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
        OSError: the file cannot be used.
        ApiValueError: it is of another kind, or of another server.

    """

    def __init__(self, path: str | None, host: str) -> None:
        self._shown = path
        try:
            self._connection = sqlite3.connect(
                # An empty name is a temporary file that SQLite removes; ":memory:" is a file here.
                "" if path is None else Path(path).absolute(),
                isolation_level=None,
                check_same_thread=False,
            )
        except sqlite3.Error as error:
            raise OSError(f"{path}: cannot be opened: {error}") from error
        try:
            self._session = self._prepare(host)
        except sqlite3.Error as error:
            self.close()
            raise OSError(f"{path}: cannot be used: {error}") from error
        except ApiValueError:
            self.close()
            raise

    def _prepare(self, host: str) -> int:
        ask = self._connection.execute
        (application,) = ask("PRAGMA application_id").fetchone()
        (tables,) = ask("SELECT COUNT(*) FROM sqlite_schema").fetchone()
        if tables and application != APPLICATION:
            raise ApiValueError(f"{self._shown}: expected a file of gentrace send, or a new one")
        ask("PRAGMA locking_mode = EXCLUSIVE")
        ask("PRAGMA journal_mode = WAL")
        ask("PRAGMA synchronous = NORMAL")
        ask(f"PRAGMA application_id = {APPLICATION}")
        for table in TABLES:
            ask(table)
        known = ask("SELECT host FROM destination").fetchone()
        if known is None:
            ask("INSERT INTO destination VALUES (?)", (host,))
        elif known[0] != host:
            raise ApiValueError(
                f"{self._shown}: expected what {host} acknowledged, it is of {known[0]}"
            )
        (last,) = ask("SELECT COALESCE(MAX(session), 0) FROM acknowledged").fetchone()
        return int(last) + 1

    def find(self, key: str) -> Literal["now", "before"] | None:
        """Tell in which session a key was acknowledged; None if it was not."""
        row = self._connection.execute(
            "SELECT session FROM acknowledged WHERE key = ?", (key,)
        ).fetchone()
        if row is None:
            return None
        return "now" if row[0] == self._session else "before"

    def add(self, key: str) -> None:
        """Note that a key was acknowledged."""
        self._connection.execute(
            "INSERT OR IGNORE INTO acknowledged VALUES (?, ?)", (key, self._session)
        )

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
