"""Reading from a database: at any time, whoever writes to it meanwhile."""

import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Final

from gentrace.local.files import Files
from gentrace.local.filters import END, Filters
from gentrace.local.pipelines import read_pipelines

# Bytes of runs that are read at once, one run at least: a thousand large ones are too many.
CHUNK: Final = 2**18
# How a run is given: all of it, without its body, or its body alone.
WHOLE: Final = """
SELECT substr(summary, 1, length(summary) - 1) || ', "pipelineRun": ' || body || '}'
FROM run_summaries JOIN pipeline_runs USING (position) WHERE position = ?
"""
SUMMARY: Final = "SELECT summary FROM run_summaries WHERE position = ?"
BODY: Final = "SELECT body FROM pipeline_runs WHERE position = ?"


class Reader:
    """Reads from one open database, through connections that `connect` makes.

    Any thread may call it; each reads what was committed when it began, and waits for no writer.
    Raises `StorageError` if the database is gone.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection], files: Files) -> None:
        self._connect = connect
        self._files = files
        self._idle: list[sqlite3.Connection] = []

    def run(self, run_id: str) -> str | None:
        """Give the run of that id as JSON, None if there is none."""
        with self._reading() as connection:
            position = _position(connection, run_id)
            if position is None:
                return None
            text: str | None = _one(connection, WHOLE, position)
            return text

    def run_id(self, position: int) -> str | None:
        """Give the id of the run at a position, None if it was deleted."""
        sql = "SELECT id FROM pipeline_runs WHERE position = ?"
        with self._reading() as connection:
            run_id: str | None = _one(connection, sql, position)
            return run_id

    def position(self, run_id: str) -> int | None:
        """Find where the run of that id stands in the order of storing, None if there is none."""
        with self._reading() as connection:
            return _position(connection, run_id)

    def positions(
        self,
        filters: Filters,
        limit: int,
        *,
        before: int = END,
        after: int = 0,
        oldest_first: bool = False,
    ) -> list[int]:
        """Find at most so many runs between two positions, newest first unless told otherwise."""
        sql, values = filters.select(before=before, after=after, oldest_first=oldest_first)
        with self._reading() as connection:
            return [position for (position,) in connection.execute(sql, (*values, limit))]

    def texts(self, positions: list[int], form: str) -> tuple[list[str], list[int]]:
        """Give the first of these runs in a form (WHOLE …), and the positions that are left.

        What was deleted meanwhile is left out.
        """
        texts: list[str] = []
        size = 0
        with self._reading() as connection:
            for done, position in enumerate(positions, 1):
                text = _one(connection, form, position)
                if text is not None:
                    texts.append(text)
                    size += len(text)
                if size >= CHUNK:
                    return texts, positions[done:]
        return texts, []

    def pipelines(self) -> list[dict[str, Any]]:
        """Give the pipelines with figures of their runs, as `read_pipelines` does."""
        with self._reading() as connection, _snapshot(connection):
            return read_pipelines(connection)

    def close(self) -> None:
        """Close the connections."""
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _reading(self) -> Generator[sqlite3.Connection]:
        self._files.check()
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect()
        try:
            yield connection
        finally:
            self._idle.append(connection)


@contextmanager
def _snapshot(connection: sqlite3.Connection) -> Generator[None]:
    """Read what was committed when this began, by all statements."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


def _position(connection: sqlite3.Connection, run_id: str) -> int | None:
    sql = "SELECT position FROM pipeline_runs WHERE id = ?"
    position: int | None = _one(connection, sql, run_id)
    return position


def _one(connection: sqlite3.Connection, sql: str, value: object) -> Any:
    row = connection.execute(sql, (value,)).fetchone()
    return None if row is None else row[0]
