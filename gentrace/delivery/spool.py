"""A directory in which runs survive the process that recorded them.

Each delivery writes a file of its own there, and adopts the files of processes that are gone.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from typing import TYPE_CHECKING

from gentrace.delivery.ownership import Ownership
from gentrace.delivery.spool_file import LaterVersionError, SpoolFile, set_aside
from gentrace.delivery.turns import Turns
from gentrace.process import hold_forks, let_forks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gentrace.delivery.run import Run

SUFFIX = ".sqlite3"
ROOM = 4096
"""Bytes that a run may take besides its body."""


class Spool:
    """The files of one delivery in one process; methods are called in a turn, but for `find`.

    Args:
        directory: where they are.
        max_bytes: how many bytes the own file may have, with its log.
        tell: says something on the logger, in a thread of the delivery.

    Attributes:
        turns: who may read and write; a fork waits for it.
        is_closed: whether nothing can be read or written any more.

    """

    def __init__(self, directory: Path, max_bytes: int, tell: Callable[[str], None]) -> None:
        self._directory = directory
        self._max_bytes = max_bytes
        self._tell = tell
        self._own: SpoolFile | None = None
        self._others: list[SpoolFile] = []
        self.is_closed = False
        self.turns = Turns()
        self._adopting = threading.RLock()
        hold_forks(self._adopting)
        hold_forks(self.turns.lock)

    def write(self, run: Run, body: bytes, host: str) -> bool | None:
        """Store a run; False if there is no room for it, None if it cannot be stored at all."""
        try:
            own = self._open(host)
            most = self._max_bytes - len(body) - ROOM
            if own.used() > most:
                own.copy_log()
                if own.used() > most:
                    return False
            own.add(run, body)
        except (sqlite3.Error, OSError) as error:
            self._tell(
                f"the spool {self._directory} cannot be written, runs stay in memory: {error}"
            )
            return None
        return True

    def prepare(self, host: str) -> None:
        """Make the directory and the own file."""
        try:
            self._open(host)
        except (sqlite3.Error, OSError) as error:
            self._tell(f"the spool {self._directory} cannot be opened: {error}")

    def find(self, host: str) -> list[SpoolFile]:
        """Return files of processes that are gone, of runs to this host; this needs no turn."""
        with self._adopting:
            mine = {file.path for file in self.files()}
            found: list[SpoolFile] = []
            for path in sorted(set(self._directory.glob(f"*{SUFFIX}")) - mine):
                try:
                    file = adopt(path, host, self._tell)
                except (sqlite3.Error, OSError) as error:
                    self._tell(f"{path} cannot be read: {error}")
                    continue
                if file is not None:
                    found.append(file)
            return found

    def add(self, file: SpoolFile) -> bool:
        """Take over a file that was found; tell whether it is not too late."""
        if self.is_closed:
            file.close()
            return False
        self._others.append(file)
        return True

    def drop_empty(self) -> list[SpoolFile]:
        """Close adopted files of which all runs have ended, and return them."""
        empty = [file for file in self._others if file.count() == 0]
        for file in empty:
            file.close()
            self._others.remove(file)
        return empty

    def files(self) -> list[SpoolFile]:
        """Return all files that it has."""
        return [*([] if self._own is None else [self._own]), *self._others]

    def look_after(self) -> None:
        """Do what is to be done now and then: after a file was removed, begin another one."""
        own = self._own
        if own is not None and not own.is_there():
            self._tell(f"{own.path} was removed while in use: its runs survive in memory alone")
            self._others.append(own)
            self._own = None
        for file in self.files():
            if file.has_long_log():
                file.copy_log()

    def close(self) -> None:
        """Close all files."""
        self.is_closed = True
        for file in self.files():
            file.close()
        self._own = None
        self._others.clear()
        self._let_forks()

    def leave(self) -> None:
        """In a forked child: leave all files to the parent."""
        self._let_forks()
        for file in self.files():
            file.leave()
            _inherited.append(file)

    def _let_forks(self) -> None:
        let_forks(self._adopting)
        let_forks(self.turns.lock)

    def _open(self, host: str) -> SpoolFile:
        if self.is_closed:
            raise OSError("it is closed")
        if self._own is None:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._own = SpoolFile.make(new_path(self._directory), host)
        elif self._own.host != host:
            self._own.set_host(host)
        return self._own


_inherited: list[SpoolFile] = []
"""Those of a parent: closing one in a child would be felt there."""


def adopt(path: Path, host: str, tell: Callable[[str], None]) -> SpoolFile | None:
    """Return a file that nobody owns, if its runs go to this host; None if not.

    Raises:
        OSError: it cannot be locked, or what is readable of it cannot be saved.
        sqlite3.Error: the same.

    """
    ownership = Ownership.of(path)
    file = None if ownership is None else _open_found(path, ownership, tell)
    if file is None:
        return None
    if file.host not in {host, ""}:
        file.close()
        return None
    if not file.is_sound():
        tell(f"{path} is damaged, set aside as {path.name}.damaged; what is readable is sent")
        file = _save(file, host)
    if file.count() == 0:
        file.close()
        return None
    return file


def _open_found(path: Path, ownership: Ownership, tell: Callable[[str], None]) -> SpoolFile | None:
    """Open a file that this process owns now; None if it is no file for this version."""
    if not path.exists():  # another process was faster
        ownership.give_up(is_gone=True)
        return None
    try:
        return SpoolFile(path, ownership)
    except LaterVersionError:
        ownership.give_up(is_gone=False)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            ownership.give_up(is_gone=False)
            raise
        tell(f"{path} is damaged, set aside as {path.name}.damaged: {error}")
        set_aside(path)
        ownership.give_up(is_gone=True)
    return None


def _save(damaged: SpoolFile, host: str) -> SpoolFile:
    """Copy what is readable of a damaged file to another one, and set it aside."""
    copy = SpoolFile.make(new_path(damaged.path.parent), damaged.host or host)
    for run, body in damaged.readable():
        copy.add(run, body)
    damaged.set_aside()
    return copy


def new_path(directory: Path) -> Path:
    """Return where a file of this process may be made."""
    return directory / f"{os.getpid()}-{os.urandom(8).hex()}{SUFFIX}"
