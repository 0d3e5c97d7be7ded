"""How large a file of a spool is with its write-ahead log, and how both stay within a bound.

The log grows with each write. A checkpoint copies it into the database, after which it is written
over from its start; only a truncating checkpoint makes it shorter.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from gentrace.delivery.spool_paths import file_size, wal_path

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

CHECKPOINT_AFTER = 8 * 2**20
"""After how many bytes that may have been written a checkpoint is due."""


class SpoolSize:
    """The size of one file with its log.

    It is measured only where a bound may be near: each write adds a known number of bytes at most.
    Methods may raise `sqlite3.Error`.

    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._log = wal_path(path)
        self._connection = connection
        self._page_size = self._read("PRAGMA page_size")
        # As measured last: the bytes in use, and how large a bound must be for it (inf: unknown).
        self._used, self._needed = 0, inf
        # How many bytes came to both since, at most.
        self._written = 0

    @property
    def is_checkpoint_due(self) -> bool:
        """Whether the log should be copied into the database."""
        return self._written > CHECKPOINT_AFTER

    def note_write(self, size: int) -> None:
        """Note that a run with a body of that size is added or removed."""
        self._written += max_growth(size)

    def has_room(self, size: int, bound: int) -> bool:
        """Tell whether another run of that size keeps it within a bound.

        The run that is being written may still exceed it.
        """
        if self._needed + self._written + max_growth(size) <= bound:
            return True
        self._shrink_log(bound, size)
        return self._used + max_growth(size) + max_log(bound) <= bound

    def keep_within(self, bound: int) -> None:
        """Shorten the log if the next write might exceed a bound."""
        if self._needed + self._written > bound:
            self._shrink_log(bound, 0)

    def checkpoint(self, mode: str) -> None:
        """Copy the log into the database, in one of SQLite's modes."""
        self._connection.execute(f"PRAGMA wal_checkpoint({mode})")
        self._written, self._needed = 0, inf

    def _shrink_log(self, bound: int, size: int) -> None:
        total = self._measure(bound)
        if total + max_growth(size) > bound and file_size(self._log) > max_log(bound):
            self.checkpoint("TRUNCATE")

    def _measure(self, bound: int) -> int:
        """Measure how many bytes are in use; return how many the file has with its log."""
        pages = self._read("PRAGMA page_count")
        free = self._read("PRAGMA freelist_count")
        total = pages * self._page_size + file_size(self._log)
        self._used = (pages - free) * self._page_size
        self._needed = max(self._used + max_log(bound), total)
        self._written = 0
        return total

    def _read(self, statement: str) -> int:
        (value,) = self._connection.execute(statement).fetchone()
        return int(value)


def max_log(bound: int) -> int:
    """Return how much of a bound is reserved for the log, which starts over at that length."""
    return min(CHECKPOINT_AFTER, bound // 8)


def max_growth(size: int) -> int:
    """Return by how many bytes adding or removing a run may grow the file: pages and log."""
    return 2 * size + 8 * 4096
