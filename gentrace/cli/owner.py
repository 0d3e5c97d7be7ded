"""The process that owns a file of a spool, on systems that tell it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from gentrace.delivery.ownership import lock_path

LOCKS = Path("/proc/locks")
"""Where Linux lists all file locks: type, process, inode, first and last byte."""

FIRST_BYTE = 2**30
"""The first byte that SQLite locks."""


def owner_of(path: Path) -> str | None:
    """Return the id of the process that holds the lock of a file, None if it is not known."""
    with suppress(OSError):
        place = f":{lock_path(path).stat().st_ino} "
        # Opening and closing the lock file would release the lock of a delivery in this process.
        for line in LOCKS.read_text().splitlines():
            if place in line and f" {FIRST_BYTE} " in line:
                return line.split()[4]
    return None
