"""One file of a spool: an SQLite database with a write-ahead log, and the lock beside it.

::

    about (name, value)     host: where its runs go
    runs (id, idempotency_key, accepted_at, body)

`user_version` is the version of this schema; a file of a later version is left alone.

When a commit returns, it is in the log, which the system's memory holds: that survives `kill -9`.
`sync` writes the log to the disk, which a loss of power does not touch.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakValueDictionary

from gentrace.clock import wall_time
from gentrace.delivery.ownership import Ownership, remove_lock
from gentrace.delivery.spool_paths import file_size, may_exist, remove_file, set_aside, wal_path
from gentrace.delivery.spool_size import SpoolSize
from gentrace.directories import make_private_file
from gentrace.exceptions import ApiTypeError, ApiValueError
from gentrace.operations.arguments import make_key

if TYPE_CHECKING:
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
MAX_IDLE_LOG = 16 * 2**20
"""To how many bytes SQLite shortens a longer log, after a checkpoint of it."""

MAX_TIME = 253402300799
"""The last second of the year 9999: a later time of a run is damaged, as is one before 1970."""

MAX_QUICK_CHECK = 8 * 2**20
"""Up to how many bytes a file is checked as a whole."""


class LaterVersionError(Exception):
    """A later version of the SDK wrote the file."""


class SpoolFile:
    """One file, which this process owns; the caller runs one method at a time, but for `sync`.

    Methods may raise `sqlite3.Error`.

    Attributes:
        path: where it is.
        is_damaged: whether SQLite found it damaged when it was opened.
        host: where its runs go.
        last_row: the last row that was used.
        size: its size with its log.
        unloaded: how many of its runs are not in memory.
        last_loaded: the last row that was loaded into memory; unloaded runs come after it.
        receipts: the receipts of unloaded runs, by row, while somebody holds them.

    """

    def __init__(
        self, path: Path, ownership: Ownership, *, host: str = "", is_damaged: bool = False
    ) -> None:
        self.path = path
        self.is_damaged = is_damaged
        self.unloaded = 0
        self.last_loaded = 0
        self.receipts: WeakValueDictionary[int, Receipt] = WeakValueDictionary()
        self._ownership = ownership
        # Without a timeout: nobody waits for another program that reads the file.
        self._connection = sqlite3.connect(
            path, timeout=0, isolation_level=None, check_same_thread=False
        )
        self._connection.text_factory = partial(str, encoding="utf-8", errors="replace")
        self._is_synced = True
        self._pending_removals: set[int] = set()
        try:
            self._set_up(host)
            self.last_row: int = self._read("SELECT max(id) FROM runs") or 0
            stored = self._read("SELECT value FROM about WHERE name = 'host'")
            is_readable = isinstance(stored, str) and "\N{REPLACEMENT CHARACTER}" not in stored
            self.host: str = stored if is_readable else ""
            self.size = SpoolSize(path, self._connection)
        except BaseException:
            self._connection.close()
            raise

    @classmethod
    def make(cls, path: Path, host: str) -> SpoolFile:
        """Make a file; after any error, nothing is left of it.

        Raises:
            OSError: it cannot be made.

        """
        ownership = None
        try:
            ownership = Ownership.acquire(path)
            if ownership is None:
                raise OSError(f"{path} cannot be locked")
            make_private_file(path)
            return cls(path, ownership, host=host)
        except BaseException:
            remove_file(path)
            remove_lock(path)
            if ownership is not None:
                ownership.disown()
            raise

    def _set_up(self, host: str) -> None:
        """Set up the connection, and make the tables of a new file.

        Raises:
            LaterVersionError: this version cannot use the file.

        """
        if self.is_damaged:
            # Without this, SQLite reads nothing of a file that was cut short.
            self._connection.execute("PRAGMA writable_schema = ON")
        (version,) = self._one("PRAGMA user_version")
        if version > VERSION:
            raise LaterVersionError(self.path.name)
        # No write syncs to the disk while somebody waits for it: see `sync`.
        self._connection.execute("PRAGMA synchronous = OFF")
        self._one("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA wal_autocheckpoint = 0")
        self._connection.execute(f"PRAGMA journal_size_limit = {MAX_IDLE_LOG}")
        if version == 0:
            self._create_schema(host)
        self._connection.execute("PRAGMA synchronous = NORMAL")

    def _create_schema(self, host: str) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        for statement in SCHEMA:
            self._connection.execute(statement)
        self.set_host(host)
        self._connection.execute("COMMIT")

    def set_host(self, host: str) -> None:
        """Store where its runs go."""
        self._connection.execute("INSERT OR REPLACE INTO about VALUES ('host', ?)", (host,))
        self.host = host

    # Its runs.

    def add(self, key: str, accepted_at: float, body: bytes) -> int:
        """Store a run; return its row."""
        row = self.last_row + 1
        self.size.note_write(len(body))
        self._is_synced = False
        # After an interrupt right behind it, the next run, or this one again, replaces the row.
        self._connection.execute(
            "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?)", (row, key, accepted_at, body)
        )
        self.last_row = row
        return row

    def body(self, row: int) -> bytes | None:
        """Return the body of a run; None if it is missing."""
        found = self._connection.execute("SELECT body FROM runs WHERE id = ?", (row,)).fetchone()
        return None if found is None else cast("bytes", found[0])

    def remove(self, row: int, size: int, bound: int) -> None:
        """Remove a run that has ended, or note it for `retry_removals` if that fails.

        The removal grows the log: the file stays within `bound` bytes as by `SpoolSize.has_room`.
        """
        try:
            self._remove(row)
        except sqlite3.Error:
            self._pending_removals.add(row)
        self.size.note_write(size)
        with suppress(sqlite3.Error):
            self.size.keep_within(bound)

    def retry_removals(self, count: int | None = None) -> None:
        """Try again to remove runs that have ended: so many at most, or all."""
        with suppress(sqlite3.Error):
            for row in list(islice(self._pending_removals, count)):
                self._remove(row)
                self._pending_removals.discard(row)

    @property
    def has_pending_removals(self) -> bool:
        """Whether it holds runs that have ended but could not be removed."""
        return bool(self._pending_removals)

    def _remove(self, row: int) -> None:
        self._is_synced = False
        self._connection.execute("DELETE FROM runs WHERE id = ?", (row,))

    def load(self, after: int, count: int) -> list[tuple[int, str, float, int]]:
        """Return the next runs after a row: row, key, when accepted, and size of the body."""
        rows = self._connection.execute(
            "SELECT id, idempotency_key, accepted_at, length(body) FROM runs"
            " WHERE id > ? ORDER BY id LIMIT ?",
            (after, count),
        )
        return [(row, key, _to_time(accepted_at), size) for row, key, accepted_at, size in rows]

    def count(self) -> int:
        """Return how many runs it holds."""
        return cast("int", self._one("SELECT count(*) FROM runs")[0])

    def is_empty(self) -> bool:
        """Tell whether all runs in it have ended, without reading all of them."""
        limit = len(self._pending_removals) + 1
        rows = self._connection.execute("SELECT id FROM runs LIMIT ?", (limit,))
        return all(row in self._pending_removals for (row,) in rows)

    def oldest(self) -> float | None:
        """Return when its first run was accepted, in seconds since the epoch; None without one."""
        found = self._connection.execute(
            "SELECT min(accepted_at) FROM runs WHERE accepted_at BETWEEN 0 AND ?", (MAX_TIME,)
        )
        return cast("float | None", found.fetchone()[0])

    # Damage.

    def scan(self) -> Iterator[int | None]:
        """Yield the size of each run's body; None, as the last item, where a row is damaged."""
        last = 0
        try:
            for row, key, body in self._connection.execute(
                "SELECT id, idempotency_key, body FROM runs"
            ):
                if row <= last or not (_is_key(key) and isinstance(body, bytes)):
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

    def is_intact(self) -> bool:
        """Tell whether SQLite finds no damage.

        A large file is not checked: forks would have to wait for it, as it cannot be done in parts.
        """
        if file_size(self.path) > MAX_QUICK_CHECK:
            return True
        return bool(self._read("PRAGMA quick_check(1)") == "ok")

    def salvage(self) -> Iterator[tuple[str, float, bytes]]:
        """Yield all runs that can be read of a damaged file: from the front, then from the back."""
        seen: set[tuple[int, object]] = set()
        for order, beyond, start in (("ASC", ">", -(2**63)), ("DESC", "<", 2**63 - 1)):
            for row, key, accepted_at, body in self._read_up_to_damage(order, beyond, start):
                if (row, key) in seen:
                    break
                seen.add((row, key))
                if isinstance(key, str) and isinstance(body, bytes):
                    valid_key = key if _is_key(key) else os.urandom(16).hex()
                    yield valid_key, _to_time(accepted_at), body

    def _read_up_to_damage(self, order: str, beyond: str, row: int) -> Iterator[tuple[Any, ...]]:
        runs = "SELECT id, idempotency_key, accepted_at, body FROM runs"
        one = f"{runs} WHERE id {beyond} ? ORDER BY id {order} LIMIT 1"
        with suppress(sqlite3.Error):
            # Not by their ids, which may be damaged.
            for found in self._connection.execute(f"{runs} ORDER BY id {order}"):
                row = found[0]
                yield found
        with suppress(sqlite3.Error):
            # The cursor above reads ahead, and lost the last row before the damage.
            while found := self._connection.execute(one, (row,)).fetchone():
                row = found[0]
                yield found

    # Its log, and the disk.

    def exists(self) -> bool:
        """Tell whether its path still leads to a file, as far as this process may look."""
        return may_exist(self.path)

    def sync(self) -> None:
        """Write the log to the disk. Any thread may do so at any time."""
        if self._is_synced:
            return
        self._is_synced = True
        for path in (wal_path(self.path), self.path.parent):
            with suppress(OSError):
                descriptor = os.open(path, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)

    def checkpoint(self) -> None:
        """Copy the log into the database, so that the log starts over."""
        # Passive, not truncating: writing over the log is faster than growing the file again.
        self.size.checkpoint("PASSIVE")
        # The next write syncs to the disk: let it be this one, for which no caller waits.
        self.set_host(self.host)

    # Its end.

    def close(self) -> None:
        """Close it and give it up, for whoever adopts it; remove it if it is empty."""
        is_empty = False
        self.retry_removals()
        with suppress(sqlite3.Error):
            is_empty = self.is_empty()
        self._connection.close()
        if is_empty:
            remove_file(self.path)
        self._ownership.release(deleted=is_empty)

    def release(self) -> None:
        """Close it as it is and give it up, for whoever adopts it."""
        self._connection.close()
        self._ownership.release(deleted=False)

    def discard(self) -> None:
        """Close it, and remove it with all that it holds."""
        self._connection.close()
        remove_file(self.path)
        self._ownership.release(deleted=True)

    def set_aside(self) -> None:
        """Close it, and rename it as damaged, so that no delivery adopts it."""
        self._connection.close()
        set_aside(self.path)
        self._ownership.release(deleted=True)

    def disown(self) -> None:
        """In a forked child: leave the file and its lock to the parent."""
        self._ownership.disown()

    def _read(self, statement: str) -> Any:
        """Return the first value that a statement finds; None without one, or if it is damaged."""
        try:
            found = self._connection.execute(statement).fetchone()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            return None
        return None if found is None else found[0]

    def _one(self, statement: str) -> tuple[Any, ...]:
        found: tuple[Any, ...] = self._connection.execute(statement).fetchone()
        return found


def is_damage(error: Exception) -> bool:
    """Tell whether an error means that a file is damaged, not that it cannot be used now."""
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(
        error, sqlite3.OperationalError
    )


def _is_key(value: Any) -> bool:
    """Tell whether a value can be sent as an idempotency key."""
    try:
        return bool(make_key("POST", value) == value)
    except (ApiTypeError, ApiValueError):
        return False


def _to_time(value: object) -> float:
    """Return when a run was accepted; now, if what is stored there is no time."""
    if isinstance(value, (int, float)) and 0 <= value <= MAX_TIME:
        return float(value)
    return wall_time()
