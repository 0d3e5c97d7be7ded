"""Who owns a file of the spool: the process that holds the lock beside it.

The lock is SQLite's own, on an empty database: the system releases it when the process ends,
however it ends; a forked child does not have it; a second delivery of the same process is told.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Ownership:
    """The lock beside one file, while this process holds it."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection

    @classmethod
    def of(cls, path: Path) -> Ownership | None:
        """Become the owner of a file; None if another one is.

        Raises:
            OSError: the lock cannot be made.

        """
        lock = lock_of(path)
        make_private(lock)
        connection = sqlite3.connect(lock, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = MEMORY")  # no file beside it
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            connection.close()
            return None
        except sqlite3.Error as error:
            connection.close()
            raise OSError(f"cannot lock {lock}: {error}") from error
        return cls(lock, connection)

    def give_up(self, *, is_gone: bool) -> None:
        """Be the owner no longer; `is_gone` is whether the file is, and so the lock has no use."""
        if is_gone:
            with suppress(OSError):
                self._path.unlink()
        self.leave()

    def leave(self) -> None:
        """Close what holds the lock: in a forked child, that of the parent is not touched."""
        self._connection.close()


def lock_of(path: Path) -> Path:
    """Return where the lock of a file is."""
    return path.with_suffix(".lock")


def remove_lock(path: Path) -> None:
    """Remove the lock beside a file that could not be made."""
    with suppress(OSError):
        lock_of(path).unlink()


def make_private(path: Path) -> None:
    """Make a file that only its owner may read, unless it is there."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
