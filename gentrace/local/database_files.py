"""The files of a database: creating them with private modes, and noticing that they are gone."""

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from gentrace.directories import make_private_directory, make_private_file
from gentrace.local.storage_errors import StorageError

FILE_MODE: Final = 0o600
# The write-ahead log and the shared memory that SQLite keeps beside an open database.
WAL_SUFFIX: Final = "-wal"
SHM_SUFFIX: Final = "-shm"


def create_private(path: Path) -> None:
    """Create the file and its directory if they are missing, accessible to this user only.

    What exists keeps its mode. SQLite gives its own files the mode of the database.
    """
    try:
        make_private_directory(path.parent)
    except FileExistsError as error:
        raise NotADirectoryError(errno.ENOTDIR, f"{path.parent} is not a directory") from error
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "it is a directory")
    make_private_file(path)


def restrict(path: Path) -> None:
    """Remove the rights of other users from the files, where this user is allowed to."""
    for suffix in ("", WAL_SUFFIX, SHM_SUFFIX):
        with suppress(OSError):
            Path(f"{path}{suffix}").chmod(FILE_MODE)


class DatabaseFiles:
    """The files of an open database, as they were when it was opened."""

    def __init__(self, path: Path) -> None:
        self._paths = [str(path), f"{path}{WAL_SUFFIX}"]
        self._at_open = self._identities()

    def check_unchanged(self) -> None:
        """Raise `StorageError` if a file was removed or replaced."""
        if self._identities() != self._at_open:
            raise StorageError(
                f"{self._paths[0]} was removed or replaced while it was in use;"
                " start the server anew"
            )

    def _identities(self) -> list[tuple[int, int] | None]:
        return [_identity(path) for path in self._paths]


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - a Path takes longer than the call itself
    except OSError:
        return None
    return status.st_dev, status.st_ino
