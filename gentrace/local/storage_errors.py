"""The errors of a database that is in use."""

import sqlite3
from typing import ClassVar, Final

DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CONSTRAINT)


class StorageError(OSError):
    """A run could not be stored, deleted or read; nothing was changed.

    `status` is the HTTP status of the response, `retry_after` its `Retry-After` in seconds, None if
    a retry would not help.
    """

    status: ClassVar[int]
    retry_after: ClassVar[int | None] = None


class StorageFullError(StorageError):
    """The disk is full, or a quota or the maximum file size is reached."""

    status = 507


class StorageGoneError(StorageError):
    """The file of the database was removed or replaced."""

    status = 503


class StorageBusyError(StorageError):
    """Another process has locked the database for too long."""

    status = 503
    retry_after = 1


class ReadTimeoutError(StorageError):
    """A read took too long, or the server is stopping."""

    status = 503


class StorageDamagedError(StorageError):
    """The file holds what SQLite did not write."""

    status = 503


class WriteCancelledError(Exception):
    """The write was cancelled; nothing was written."""


def storage_error(error: sqlite3.Error) -> Exception:
    """Return the `StorageError` for an error of SQLite, or the error itself if there is none.

    A constraint can only fail in a damaged file: whether a run is new is looked up first.
    """
    code = result_code(error)
    if code in DAMAGED:
        return StorageDamagedError(f"the database is damaged: {describe(error)}")
    # A full disk is SQLITE_FULL, an exceeded quota or file size is a kind of SQLITE_IOERR.
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return StorageFullError(describe(error))
    return error


def describe(error: sqlite3.Error) -> str:
    """Return the text of an error of SQLite; names of a schema in it cannot control a terminal."""
    return str(error).encode("unicode_escape").decode("ascii")


def result_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code, 0 for an error that Python raised itself."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF
