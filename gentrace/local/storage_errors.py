"""The errors of a database that is in use."""

from typing import ClassVar


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


class WriteCancelledError(Exception):
    """The write was cancelled; nothing was written."""
