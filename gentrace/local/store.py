"""Pipeline runs in a SQLite file: opening it, making it ready and closing it."""

import sqlite3
from math import inf
from os import PathLike
from pathlib import Path

from gentrace.local import tables
from gentrace.local.clock import Clock
from gentrace.local.files import Files, make_private, restrict
from gentrace.local.json_text import parse
from gentrace.local.reading import Reader
from gentrace.local.summaries import summarize
from gentrace.local.writing import PATIENCE, Limits, Writer


class Store:
    """The runs in one SQLite file, which is made if it is missing, for this user alone.

    A file of the first version is upgraded, and nothing in it is lost. `writer` and `reader` may be
    called by any thread. Raises OSError if it cannot be stored there: the file is of another
    program, say.
    """

    def __init__(self, path: str | PathLike[str], limits: Limits | None = None) -> None:
        self._path = Path(path).absolute()
        try:
            make_private(self._path)
            connection = self._connect()
        except (OSError, sqlite3.Error) as error:
            words = getattr(error, "strerror", None) or error
            raise OSError(f"cannot store in {path}: {words}") from error
        try:
            self._prepare(connection)
            files = Files(self._path)
            self.writer = Writer(connection, files, limits or Limits())
            self.reader = Reader(self._connect, files)
            self.forget()
        except (OSError, sqlite3.Error, ValueError) as error:
            connection.close()
            raise OSError(f"cannot store in {path}: {error}") from error

    def forget(self) -> None:
        """Delete the runs that are no longer kept, some at a time."""
        while self.writer.forget():
            pass

    def close(self) -> None:
        """Close the file; its write-ahead log becomes part of it."""
        self.reader.close()
        self.writer.close()

    def _connect(self) -> sqlite3.Connection:
        # Never made here: a file that appears anew would not be the one that was opened.
        return sqlite3.connect(
            f"{self._path.as_uri()}?mode=rw",
            uri=True,
            timeout=PATIENCE,
            isolation_level=None,
            check_same_thread=False,
        )

    def _prepare(self, connection: sqlite3.Connection) -> None:
        # Before anything is changed: the file may be another program's.
        tables.version_of(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        # In WAL mode this, and not NORMAL, puts the log on disk at every commit.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        version = tables.version_of(connection)
        if version != tables.VERSION:
            tables.create(connection, version)
            _upgrade(connection)
        connection.execute("COMMIT")
        if version == 1:
            # That version left its file to the mode that the user's files have.
            restrict(self._path)


def _upgrade(connection: sqlite3.Connection) -> None:
    """Describe each run that is there: it was checked when it was stored."""
    clock = Clock(inf)
    clock.start()
    for position, run_id, created_at, body in tables.bodies(connection):
        encoded = body.encode()
        _, run = parse(encoded, clock)
        summary = summarize(run, len(encoded))
        tables.describe(connection, position, run_id, created_at, summary)
