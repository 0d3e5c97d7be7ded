"""Which process owns a file of the spool: the one that holds the lock file beside it.

The lock is an exclusive transaction of SQLite on an empty database. The system releases it however
the process ends; a forked child does not hold it; a second delivery of the same process finds it
taken.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING

from gentrace.directories import make_private_file

if TYPE_CHECKING:
    from pathlib import Path


class Ownership:
    """The lock beside one file, held by this process."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection

    @classmethod
    def acquire(cls, path: Path) -> Ownership | None:
        """Acquire the lock of a file; None if another process or delivery has it.

        Raises:
            OSError: the lock cannot be made.

        """
        lock = lock_path(path)
        make_private_file(lock)
        connection = sqlite3.connect(lock, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = MEMORY")  # no journal file beside it
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            connection.close()
            return None
        except sqlite3.Error as error:
            connection.close()
            raise OSError(f"cannot lock {lock}: {error}") from error
        return cls(path, connection)

    def release(self, *, deleted: bool) -> None:
        """Release the lock; if the file is deleted, remove the lock file too."""
        if deleted:
            remove_lock(self._path)
        self.disown()

    def disown(self) -> None:
        """Close the connection of the lock; in a forked child, the parent keeps the lock."""
        self._connection.close()


def lock_path(path: Path) -> Path:
    """Return the path of the lock beside a file."""
    return path.with_suffix(".lock")


def remove_lock(path: Path) -> None:
    """Remove the lock beside a file."""
    with suppress(OSError):
        lock_path(path).unlink()
