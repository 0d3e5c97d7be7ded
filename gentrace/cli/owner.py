"""Which process has a file of a spool, as far as the system says."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from gentrace.delivery.ownership import lock_of

LOCKS = Path("/proc/locks")
"""Where Linux lists all locks: kind, process, place, first and last byte of each."""

FIRST_BYTE = 2**30
"""Of the bytes that SQLite locks."""


def owner_of(path: Path) -> str | None:
    """Return the process that holds the lock beside a file; None where the system does not say."""
    with suppress(OSError):
        place = f":{lock_of(path).stat().st_ino} "
        # Opening the lock would be felt by a delivery of this very process, which has it.
        for line in LOCKS.read_text().splitlines():
            if place in line and f" {FIRST_BYTE} " in line:
                return line.split()[4]
    return None
