"""The files of a database: private, and still the ones that were opened."""

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from gentrace.local.trouble import StorageGoneError

PRIVATE: Final = 0o600
PRIVATE_DIRECTORY: Final = 0o700
# What SQLite keeps beside a database while it is open.
LOG: Final = "-wal"
MEMORY: Final = "-shm"


def make_private(path: Path) -> None:
    """Make the file if it is missing, and its directory, for this user alone.

    What is there already keeps its mode. SQLite gives its own files the mode of the database.
    """
    try:
        path.parent.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(errno.ENOTDIR, f"{path.parent} is not a directory") from error
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "it is a directory")
    # Not to be followed, nor found, between the look and the making.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE))


def restrict(path: Path) -> None:
    """Take from others what rights they have to the files, where this user may."""
    for suffix in ("", LOG, MEMORY):
        with suppress(OSError):
            Path(f"{path}{suffix}").chmod(PRIVATE)


class Files:
    """The files of an open database, by which one knows that they are still there."""

    def __init__(self, path: Path) -> None:
        self._paths = [str(path), f"{path}{LOG}"]
        self._opened = self._seen()

    def check(self) -> None:
        """Raise `StorageGoneError` if a file was removed, or another one put in its place."""
        if self._seen() != self._opened:
            raise StorageGoneError(
                f"{self._paths[0]} was removed or replaced while it was in use;"
                " start the server anew"
            )

    def _seen(self) -> list[tuple[int, int] | None]:
        return [_identity(path) for path in self._paths]


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - a Path costs more than the look
    except OSError:
        return None
    return found.st_dev, found.st_ino
