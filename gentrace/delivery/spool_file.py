"""One file of a spool: an SQLite database with a write-ahead log, and the lock beside it.

::

    about (name, value)     host: where its runs go
    runs (id, idempotency_key, accepted_at, body)

`user_version` is the version of this schema; a file of a later one is left alone.

A commit is in the log when it returns, in the system's memory, which `kill -9` does not touch;
`sync` puts the log on the disk.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from itertools import islice
from math import inf
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakValueDictionary

from gentrace.clock import wall_time
from gentrace.delivery.ownership import Ownership, lock_of, make_private, remove_lock
from gentrace.delivery.spool_parts import log_of, may_exist, remove_file, set_aside, size_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gentrace.delivery.receipt import Receipt

VERSION = 1
RUNS = (
    "CREATE TABLE runs (id INTEGER PRIMARY KEY, idempotency_key TEXT NOT NULL,"
    " accepted_at REAL NOT NULL, body BLOB NOT NULL)"
)
SCHEMA = (
    "CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    RUNS,
    f"PRAGMA user_version = {VERSION}",
)
LOG_TO_COPY = 8 * 2**20
"""After how many bytes that may have been written the log is copied into the database."""

LOG_TO_KEEP = 16 * 2**20
"""How long a log may stay that has been copied."""

LARGE = 8 * 2**20
"""From how many bytes on a file is not checked as a whole."""


class LaterVersionError(Exception):
    """A later version of the SDK wrote the file."""


class SpoolFile:
    """One file, which this process owns; whoever calls takes turns.

    Methods may raise `sqlite3.Error`.

    Attributes:
        path: where it is.
        host: where its runs go.
        last_row: the last row that it has had.
        waiting: how many runs are in the file alone: memory does not hold them.
        loaded: the last row that memory holds, or held; those in the file alone come after it.
        receipts: those of runs that are in the file alone, by row, while somebody holds them.

    """

    def __init__(self, path: Path, ownership: Ownership) -> None:
        self.path = path
        self.waiting = 0
        self.loaded = 0
        self.receipts: WeakValueDictionary[int, Receipt] = WeakValueDictionary()
        self._ownership = ownership
        # Whoever else looks into the file, nobody waits for them.
        self._connection = sqlite3.connect(
            path, timeout=0, isolation_level=None, check_same_thread=False
        )
        self._is_synced = True
        # How many bytes are in use, how many a bound must have, and how many came to both since.
        self._used, self._near, self._written = 0, inf, 0
        self._unremoved: set[int] = _unremoved.get(path, set())
        try:
            (version,) = self._one("PRAGMA user_version")
            if version > VERSION:
                raise LaterVersionError(path.name)
            # Nothing is put on the disk while somebody waits for a run to be written: see `sync`.
            self._connection.execute("PRAGMA synchronous = OFF")
            self._one("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA wal_autocheckpoint = 0")
            self._connection.execute(f"PRAGMA journal_size_limit = {LOG_TO_KEEP}")
            if version == 0:
                self._make()
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self.last_row: int = self._read("SELECT max(id) FROM runs") or 0
            self.host: str = self._read("SELECT value FROM about WHERE name = 'host'") or ""
            (self._page_size,) = self._one("PRAGMA page_size")
            for row in self._unremoved:
                self._remove(row)
            self._unremoved.clear()
            _unremoved.pop(path, None)
        except BaseException:
            self._connection.close()
            raise

    @classmethod
    def make(cls, path: Path, host: str) -> SpoolFile:
        """Make a file.

        Raises:
            OSError: it cannot be made; nothing is left of it, as after any other error.

        """
        if path.exists() or lock_of(path).exists():
            raise OSError(f"{path} belongs to another process")
        ownership = made = None
        try:
            ownership = Ownership.of(path)
            if ownership is None:
                raise OSError(f"{path} cannot be locked")
            make_private(path)
            made = cls(path, ownership)
            made.set_host(host)
        except BaseException:
            if made is not None:
                made.discard()
            elif ownership is not None:
                remove_file(path)
                ownership.give_up(is_gone=True)
            else:
                remove_lock(path)
            raise
        return made

    def _make(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        for statement in SCHEMA:
            self._connection.execute(statement)
        self._connection.execute("COMMIT")

    def set_host(self, host: str) -> None:
        """Say where its runs go."""
        self._connection.execute("INSERT OR REPLACE INTO about VALUES ('host', ?)", (host,))
        self.host = host

    def add(self, key: str, accepted_at: float, body: bytes) -> int:
        """Store a run; return its row."""
        row = self.last_row + 1
        self._written += growth(len(body))
        self._is_synced = False
        # An interrupt after it leaves the row to the next run, or to the same one again.
        self._connection.execute(
            "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?)", (row, key, accepted_at, body)
        )
        self.last_row = row
        return row

    def body(self, row: int) -> bytes | None:
        """Return the body of a run; None if it is not there."""
        found = self._connection.execute("SELECT body FROM runs WHERE id = ?", (row,)).fetchone()
        return None if found is None else cast("bytes", found[0])

    def remove(self, row: int, size: int, most: int) -> None:
        """Forget a run of such a body, which has ended; later, if that cannot be now.

        It and its log stay within a bound of `most` bytes as by `has_room`.
        """
        try:
            self._remove(row)
        except sqlite3.Error:
            self._unremoved.add(row)
        self._written += growth(size)
        if self._near + self._written > most:
            with suppress(sqlite3.Error):
                self._keep_within(most, 0)

    def remove_rest(self, most: int | None = None) -> None:
        """Try to forget so many at most of the runs that have ended and could not be removed."""
        with suppress(sqlite3.Error):
            for row in list(islice(self._unremoved, most)):
                self._remove(row)
                self._unremoved.discard(row)

    @property
    def has_rest(self) -> bool:
        """Whether runs have ended that could not be removed."""
        return bool(self._unremoved)

    def _remove(self, row: int) -> None:
        self._is_synced = False
        self._connection.execute("DELETE FROM runs WHERE id = ?", (row,))

    def load(self, beyond: int, count: int) -> list[tuple[int, str, float, int]]:
        """Return the next runs beyond a row: row, key, when accepted, and size of the body."""
        rows = self._connection.execute(
            "SELECT id, idempotency_key, accepted_at, length(body) FROM runs"
            " WHERE id > ? ORDER BY id LIMIT ?",
            (beyond, count),
        )
        return [(row, key, _moment(accepted_at), size) for row, key, accepted_at, size in rows]

    def count(self) -> int:
        """Return how many runs it holds."""
        return cast("int", self._one("SELECT count(*) FROM runs")[0])

    def is_empty(self) -> bool:
        """Tell whether it holds no run that has not ended, without looking at all of them."""
        rows = self._connection.execute("SELECT id FROM runs LIMIT ?", (len(self._unremoved) + 1,))
        return all(row in self._unremoved for (row,) in rows)

    def oldest(self) -> float | None:
        """Return when its first run was accepted, in seconds since the epoch; None without."""
        return cast(
            "float | None",
            self._one("SELECT min(accepted_at) FROM runs WHERE typeof(accepted_at) = 'real'")[0],
        )

    def readable(self) -> Iterator[tuple[str, float, bytes]]:
        """Yield all that can be read of a damaged file: from the front, then from the back."""
        seen: set[int] = set()
        for order in ("", "DESC"):
            with suppress(sqlite3.Error):
                for row, key, accepted_at, body in self._connection.execute(
                    f"SELECT id, idempotency_key, accepted_at, body FROM runs ORDER BY id {order}"  # noqa: S608 - our own words
                ):
                    if row in seen:
                        return
                    seen.add(row)
                    if isinstance(key, str) and isinstance(body, bytes):
                        yield key, _moment(accepted_at), body

    def look_through(self) -> Iterator[int | None]:
        """Yield the size of each run's body; None, at the end, where something is damaged."""
        last = 0
        try:
            for row, key, body in self._connection.execute(
                "SELECT id, idempotency_key, body FROM runs"
            ):
                if row <= last or not (isinstance(key, str) and isinstance(body, bytes)):
                    break
                last = row
                yield len(body)
            else:
                return
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            pass
        yield None

    def is_sound(self) -> bool:
        """Tell whether nothing in it is damaged, as far as SQLite can tell.

        A large file is not asked for it: that is one step, for which forks would have to wait.
        """
        if size_of(self.path) > LARGE:
            return True
        return bool(self._read("PRAGMA quick_check(1)") == "ok")

    def has_room(self, size: int, most: int) -> bool:
        """Tell whether it and its log stay within a bound with another run of such a body.

        So far that the one run which is being written may pass it.
        """
        # Measured only where the bound may be near: each write adds a known number at most.
        if self._near + self._written + growth(size) <= most:
            return True
        self._keep_within(most, size)
        return self._used + growth(size) + log_within(most) <= most

    def _keep_within(self, most: int, size: int) -> None:
        """Copy the log, and cut it, where the next run might take both beyond a bound."""
        total = self._measure(most)
        if total + growth(size) > most and size_of(self._log) > log_within(most):
            self._copy_log("TRUNCATE")
            self._measure(most)

    def _measure(self, most: int) -> int:
        """Look how many bytes are in use; return how many it has with its log."""
        pages = self._one("PRAGMA page_count")[0]
        free = self._one("PRAGMA freelist_count")[0]
        total: int = pages * self._page_size + size_of(self._log)
        self._used = (pages - free) * self._page_size
        self._near = max(self._used + log_within(most), total)
        self._written = 0
        return total

    def is_there(self) -> bool:
        """Tell whether its path still leads to it, as far as this process may know."""
        return may_exist(self.path)

    def sync(self) -> None:
        """Put what was written on the disk; nobody needs a turn for that."""
        if self._is_synced:
            return
        self._is_synced = True
        for path in (self._log, self.path.parent):
            with suppress(OSError):
                descriptor = os.open(path, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)

    def has_long_log(self) -> bool:
        """Tell whether the log is to be copied into the database."""
        return self._written > LOG_TO_COPY

    def copy_log(self) -> None:
        """Copy the log into the database, so that it starts over."""
        # It is not cut: to write over what is there takes less time than new room in a file.
        self._copy_log("PASSIVE")
        # The first write after it waits for the disk: this one, not one for which a caller waits.
        self.set_host(self.host)

    def _copy_log(self, mode: str) -> None:
        self._connection.execute(f"PRAGMA wal_checkpoint({mode})")
        self._written, self._near = 0, inf

    def close(self) -> None:
        """Close it, and remove it if it holds nothing; its runs are for whoever adopts it."""
        is_empty = False
        self.remove_rest()
        with suppress(sqlite3.Error):
            is_empty = self.is_empty()
        self._connection.close()
        if is_empty:
            remove_file(self.path)
        elif self._unremoved:
            _unremoved[self.path] = self._unremoved
        self._ownership.give_up(is_gone=is_empty)

    def let_go(self) -> None:
        """Close it as it is; its runs are for whoever adopts it."""
        self._connection.close()
        self._ownership.give_up(is_gone=False)

    def discard(self) -> None:
        """Close it, and remove it with all that it holds."""
        self._connection.close()
        remove_file(self.path)
        self._ownership.give_up(is_gone=True)

    def set_aside(self) -> None:
        """Close it, and rename it so that nobody takes it for a spool."""
        self._connection.close()
        set_aside(self.path)
        self._ownership.give_up(is_gone=True)

    def leave(self) -> None:
        """In a forked child: let go of the lock, which is the parent's, and touch nothing else."""
        self._ownership.leave()

    @property
    def _log(self) -> Path:
        return log_of(self.path)

    def _read(self, statement: str) -> Any:
        """Return the first value that a statement finds; None without one, or if it is damaged."""
        try:
            found = self._connection.execute(statement).fetchone()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            return None
        return None if found is None else found[0]

    def _one(self, statement: str, *values: object) -> tuple[Any, ...]:
        found: tuple[Any, ...] = self._connection.execute(statement, values).fetchone()
        return found


_unremoved: dict[Path, set[int]] = {}
"""Rows of files that were closed, which this process shall not send again."""


def log_within(most: int) -> int:
    """Return how much of a bound is kept for the log, which starts over when it has that much."""
    return min(LOG_TO_COPY, most // 8)


def growth(size: int) -> int:
    """Return by how many bytes a file may grow when a run is added or removed: pages and log."""
    return 2 * size + 8 * 4096


def is_damage(error: Exception) -> bool:
    """Tell whether an error says that a file is damaged, and not that it cannot be used now."""
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(
        error, sqlite3.OperationalError
    )


def _moment(value: object) -> float:
    """Return when a run was accepted; now, where a file that others changed says no number."""
    return float(value) if isinstance(value, (int, float)) else wall_time()
