"""The SQLite file of pipeline runs: opening, upgrading and closing it."""

import json
import sqlite3
from os import PathLike

from gentrace.directories import absolute
from gentrace.local import tables
from gentrace.local.database_files import DatabaseFiles, create_private, restrict
from gentrace.local.reading import Reader
from gentrace.local.storage_errors import describe
from gentrace.local.summaries import summarize
from gentrace.local.writing import BUSY_TIMEOUT, Retention, Writer


class Store:
    """The runs in one SQLite file, which is created for this user only if it is missing.

    A file of the first version is upgraded without loss. `writer` and `reader` are thread-safe.
    Raises OSError if the file cannot be used, such as one of another program.
    """

    def __init__(self, path: str | PathLike[str], retention: Retention | None = None) -> None:
        self._path = absolute(path)
        try:
            create_private(self._path)
            connection = self._connect()
        except (OSError, sqlite3.Error) as error:
            reason = getattr(error, "strerror", None) or error
            raise OSError(f"cannot store in {path}: {reason}") from error
        try:
            self._prepare(connection)
            database_files = DatabaseFiles(self._path)
            self.writer = Writer(connection, database_files, retention or Retention())
            self.reader = Reader(self._connect, database_files)
            self.prune()
        except (OSError, sqlite3.Error, ValueError) as error:
            connection.close()
            reason = describe(error) if isinstance(error, sqlite3.Error) else error
            raise OSError(f"cannot store in {path}: {reason}") from error

    def prune(self) -> None:
        """Delete all runs that are no longer kept."""
        while self.writer.prune():
            pass

    def close(self) -> None:
        """Close the file; SQLite then copies the write-ahead log into it (checkpoint)."""
        self.reader.close()
        self.writer.close()

    def _connect(self) -> sqlite3.Connection:
        # mode=rw never creates the file: a new one would not be the one that was opened.
        return sqlite3.connect(
            f"{self._path.as_uri()}?mode=rw",
            uri=True,
            timeout=BUSY_TIMEOUT,
            isolation_level=None,
            check_same_thread=False,
        )

    def _prepare(self, connection: sqlite3.Connection) -> None:
        # Before anything is changed: the file may belong to another program.
        tables.version_of(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        # In WAL mode, only FULL syncs the log at every commit; NORMAL does not.
        connection.execute("PRAGMA synchronous = FULL")
        # Overwrite what is deleted, which may be private; many builds of SQLite do not.
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("BEGIN IMMEDIATE")
        version = tables.version_of(connection)
        if version != tables.VERSION:
            tables.create(connection, version)
            _upgrade(connection)
        connection.execute("COMMIT")
        if version == 1:
            # That version created its file with the default mode of the user.
            restrict(self._path)


def _upgrade(connection: sqlite3.Connection) -> None:
    """Add the summary of each run; the runs were validated when they were stored."""
    for position, run_id, created_at, body in tables.iterate_runs(connection):
        # As floats, since the number of digits of an integer may be limited in this process.
        summary = summarize(json.loads(body, parse_int=float), len(body.encode()))
        tables.insert_summary(connection, position, run_id, created_at, summary)
