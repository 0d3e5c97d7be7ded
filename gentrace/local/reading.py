"""The reader of the database; it never waits for a writer."""

import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Final

from gentrace import clock
from gentrace.local.database_files import DatabaseFiles
from gentrace.local.filters import MAX_POSITION, Filters
from gentrace.local.pipelines import read_pipelines
from gentrace.local.storage_errors import StorageError, result_code, storage_error

# Seconds that one read may take.
READ_TIMEOUT: Final = 10.0
# How many instructions of SQLite run between two checks of that time.
INSTRUCTIONS_PER_CHECK: Final = 1000
# How many characters of runs are read at once, one run at least: they must fit in memory.
CHUNK: Final = 2**18
# The forms of a run: all of it, the summary without the body, or the body alone.
SELECT_FULL: Final = """
SELECT substr(summary, 1, length(summary) - 1) || ', "pipelineRun": ' || body || '}'
FROM run_summaries JOIN pipeline_runs USING (position) WHERE position = ?
"""
SELECT_SUMMARY: Final = "SELECT summary FROM run_summaries WHERE position = ?"
SELECT_BODY: Final = "SELECT body FROM pipeline_runs WHERE position = ?"


class Reader:
    """Reads from one open database, through a pool of connections that `connect` opens.

    Thread-safe. Methods raise `StorageError` if the file of the database is gone, or if the read
    takes longer than READ_TIMEOUT.
    """

    def __init__(
        self, connect: Callable[[], sqlite3.Connection], database_files: DatabaseFiles
    ) -> None:
        self._connect = connect
        self._files = database_files
        self._idle: list[sqlite3.Connection] = []
        self._is_stopped = False

    def run(self, run_id: str) -> str | None:
        """Return the run of that id as JSON, None if there is none."""
        with self._reading() as connection:
            text: str | None = _scalar(connection, SELECT_FULL, _position(connection, run_id))
            return text

    def position(self, run_id: str) -> int | None:
        """Return the position of a run in the order of storing, None if there is no such run."""
        with self._reading() as connection:
            return _position(connection, run_id)

    def page(
        self, filters: Filters, limit: int, before: int = MAX_POSITION
    ) -> tuple[list[int], str | None]:
        """Return the positions of up to `limit` runs before a position, the newest first.

        And the id of the last of them, None if no run follows. Both are of one snapshot: a run
        that is deleted meanwhile must not make its page the last one.
        """
        sql, values = filters.select(limit + 1, before=before)
        with self._reading() as connection, _snapshot(connection):
            positions = _positions(connection, sql, values)
            if len(positions) <= limit:
                return positions, None
            del positions[limit:]
            sql = "SELECT id FROM pipeline_runs WHERE position = ?"
            return positions, _scalar(connection, sql, positions[-1])

    def positions_after(self, filters: Filters, limit: int, after: int) -> list[int]:
        """Return the positions of up to `limit` runs after a position, the oldest first."""
        sql, values = filters.select(limit, after=after, oldest_first=True)
        with self._reading() as connection:
            return _positions(connection, sql, values)

    def texts(self, positions: list[int], select: str) -> tuple[list[str], list[int]]:
        """Return runs in a form (SELECT_FULL …), about CHUNK characters, and the positions left.

        Runs that were deleted in the meantime are left out.
        """
        texts: list[str] = []
        size = 0
        with self._reading() as connection:
            for done, position in enumerate(positions, 1):
                text = _scalar(connection, select, position)
                if text is not None:
                    texts.append(text)
                    size += len(text)
                if size >= CHUNK:
                    return texts, positions[done:]
        return texts, []

    def pipelines(self) -> list[dict[str, Any]]:
        """Return the statistics of all pipelines."""
        with self._reading() as connection, _snapshot(connection):
            return read_pipelines(connection)

    def stop(self) -> None:
        """Make all reads fail, now and in the future."""
        self._is_stopped = True

    def close(self) -> None:
        """Close the connections."""
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _reading(self) -> Generator[sqlite3.Connection]:
        self._files.check_unchanged()
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect()
        deadline = clock.now() + READ_TIMEOUT
        connection.set_progress_handler(
            lambda: self._is_stopped or clock.now() > deadline, INSTRUCTIONS_PER_CHECK
        )
        try:
            yield connection
        except sqlite3.Error as error:
            if result_code(error) == sqlite3.SQLITE_INTERRUPT:
                message = (
                    f"reading takes longer than {READ_TIMEOUT:g} seconds; search for fewer words"
                )
                raise StorageError(message) from None
            raise storage_error(error) from error
        finally:
            self._idle.append(connection)


@contextmanager
def _snapshot(connection: sqlite3.Connection) -> Generator[None]:
    """Make all statements in the block read the same snapshot of the database."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


def _positions(connection: sqlite3.Connection, sql: str, values: list[Any]) -> list[int]:
    return [position for (position,) in connection.execute(sql, values)]


def _position(connection: sqlite3.Connection, run_id: str) -> int | None:
    sql = "SELECT position FROM pipeline_runs WHERE id = ?"
    position: int | None = _scalar(connection, sql, run_id)
    return position


def _scalar(connection: sqlite3.Connection, sql: str, value: object) -> Any:
    row = connection.execute(sql, (value,)).fetchone()
    return None if row is None else row[0]
