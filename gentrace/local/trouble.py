"""What can go wrong with a database while it is in use."""

from typing import ClassVar


class StorageError(OSError):
    """A run could not be stored, deleted or read; nothing was changed.

    `status` is that of the answer which says so, `retry_after` the seconds after which it may be
    tried again, None if that would not help.
    """

    status: ClassVar[int]
    retry_after: ClassVar[int | None] = None


class StorageFullError(StorageError):
    """The disk is full, or another limit of it is reached."""

    status = 507


class StorageGoneError(StorageError):
    """The database is no longer where it was."""

    status = 503


class StorageBusyError(StorageError):
    """Another process is writing, for longer than one waits."""

    status = 503
    retry_after = 1


class CalledOffError(Exception):
    """Nobody waits for the write any more; nothing was written."""
