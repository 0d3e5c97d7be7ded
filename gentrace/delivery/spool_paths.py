"""The paths of a spool: its databases, and the write-ahead log and the log's index of each."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_NAME = re.compile(r"[0-9]+-[0-9a-f]{16}\.sqlite3")
"""The names that `new_path` makes: the id of the process that makes the file, random digits."""


def new_path(directory: Path) -> Path:
    """Return a path at which this process may make a file."""
    return directory / f"{os.getpid()}-{os.urandom(8).hex()}.sqlite3"


def paths_in(directory: Path) -> list[Path]:
    """Return the files of deliveries in a directory; nothing else there may be touched.

    Raises:
        OSError: it cannot be read.

    """
    return sorted(path for path in directory.iterdir() if _NAME.fullmatch(path.name))


def wal_path(path: Path) -> Path:
    """Return the path of a file's write-ahead log."""
    return path.with_name(path.name + "-wal")


def file_size(path: Path) -> int:
    """Return how many bytes a file has; 0 if there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def may_exist(path: Path) -> bool:
    """Tell whether a file exists; True also where this user is not permitted to look."""
    try:
        return path.exists()
    except OSError:
        return True


def remove_file(path: Path) -> None:
    """Remove a database with its log."""
    for part in (path, wal_path(path), path.with_name(path.name + "-shm")):
        with suppress(OSError):
            part.unlink()


def set_aside(path: Path) -> None:
    """Rename a damaged database with its log."""
    for part in (wal_path(path), path):
        with suppress(OSError):
            part.rename(part.with_name(f"{part.name}.damaged"))
