"""The files of which a database of a spool consists: itself, its log, and the log's index."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def log_of(path: Path) -> Path:
    """Return where the log of a file is."""
    return path.with_name(path.name + "-wal")


def size_of(path: Path) -> int:
    """Return how many bytes a file has; 0 if it is not there."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def may_exist(path: Path) -> bool:
    """Tell whether a file is there; also if this process may not look, as of another user."""
    try:
        return path.exists()
    except OSError:
        return True


def remove_file(path: Path) -> None:
    """Remove a database with its log."""
    for part in (path, log_of(path), path.with_name(path.name + "-shm")):
        with suppress(OSError):
            part.unlink()


def set_aside(path: Path) -> None:
    """Rename a damaged database with its log."""
    for part in (log_of(path), path):
        with suppress(OSError):
            part.rename(part.with_name(f"{part.name}.damaged"))
