"""The errors of a database that is in use."""

import sqlite3
from typing import Final

DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CONSTRAINT)
INSUFFICIENT_STORAGE: Final = 507


class StorageError(OSError):
    """A run could not be stored, deleted or read; nothing was changed.

    `status` is the HTTP status of the response, `retry_after` its `Retry-After` in seconds, None if
    a retry would not help.
    """

    def __init__(self, message: str, status: int = 503, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class WriteCancelledError(Exception):
    """The write was cancelled; nothing was written."""


def storage_error(error: sqlite3.Error) -> Exception:
    """Return the `StorageError` for an error of SQLite, or the error itself if there is none.

    A constraint can only fail in a damaged file: whether a run is new is looked up first.
    """
    code = result_code(error)
    if code in DAMAGED:
        return StorageError(f"the database is damaged: {describe(error)}")
    # A full disk is SQLITE_FULL, an exceeded quota or file size is a kind of SQLITE_IOERR.
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return StorageError(describe(error), INSUFFICIENT_STORAGE)
    return error


def describe(error: sqlite3.Error) -> str:
    """Return the text of an error of SQLite; names of a schema in it cannot control a terminal."""
    return str(error).encode("unicode_escape").decode("ascii")


def result_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code, 0 for an error that Python raised itself."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF
