"""A directory in which runs survive the process that recorded them.

Each delivery writes a file of its own there, and adopts the files of processes that are gone.
"""

from __future__ import annotations

import os
import re
import sqlite3
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from gentrace.delivery.ownership import Ownership
from gentrace.delivery.spool_file import LaterVersionError, SpoolFile, is_damage
from gentrace.delivery.spool_log import set_aside_log
from gentrace.delivery.spool_parts import log_of, set_aside
from gentrace.exceptions import OpenApiException
from gentrace.process import register_fork_lock, unregister_fork_lock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gentrace.delivery.limits import Limits
    from gentrace.delivery.run import Run

MOST_ADOPTED = 8
"""How many adopted files are open at once: each takes four file descriptors of the program."""

_NAME = re.compile(r"[0-9]+-[0-9a-f]{16}\.sqlite3")
"""What `new_path` calls a file: the process that makes it, and random digits."""

PIECE = 2**20
"""After how many bytes of a file that is looked through forks are let in."""

PIECE_OF_REST = 1000
"""How many runs are removed in a turn that could not be when they ended."""

REST = 0.001
"""For how many seconds they are."""


class Spool:
    """The files of one delivery in one process; methods are called in a turn, but for `find`.

    Args:
        directory: where they are.
        limits: how large the own file may become, and how old a run.
        host: says where runs go.
        time: tells the time, in seconds since the epoch.
        tell: says something on the logger, in a thread of the delivery.

    Attributes:
        has_more: whether the last `find` left files for which there was no room.

    """

    def __init__(
        self,
        directory: Path,
        limits: Limits,
        host: Callable[[], str],
        time: Callable[[], float],
        tell: Callable[[str], None],
    ) -> None:
        self._directory = directory
        self._limits = limits
        self._host = host
        self._time = time
        self._tell = tell
        self._own: SpoolFile | None = None
        self._others: list[SpoolFile] = []
        # Those that are looked through, and those that are to be taken over.
        self._looked_at: tuple[SpoolFile, ...] = ()
        self._found: list[SpoolFile] = []
        self.has_more = False
        self._is_closed = False
        self._has_failed = False
        self._finding = threading.RLock()
        # No child shall find SQLite in the middle of something.
        self._looking = threading.RLock()
        register_fork_lock(self._looking)

    def store(self, run: Run, body: bytes) -> bool | None:
        """Store a run; False if there is no room for it, None if it cannot be stored at all."""
        if run.file is not None:  # it was, before an interrupt
            return True
        if self._has_failed:
            return None
        try:
            own = self._open()
            if not own.has_room(len(body), self._limits.spool_max_bytes):
                return False
            run.number = own.add(run.key, run.accepted_at, body)
            run.file = own
        except (sqlite3.Error, OSError) as error:
            if _is_of_handler(error):
                raise
            # Where no file can be made, that is not tried for each run, but after `look_after`.
            self._has_failed = self._own is None
            self._tell(
                f"the spool {self._directory} cannot be written, runs stay in memory: {error}"
            )
            return None
        return True

    def body(self, run: Run) -> bytes | None:
        """Return the body of a run; None if it is there no more, or too old.

        Raises:
            sqlite3.Error: it cannot be read.

        """
        is_old = run.accepted_at + self._limits.spool_max_age < self._time()
        return None if is_old or run.file is None else run.file.body(run.number)

    def say_unreadable(self, error: Exception) -> None:
        """Have it said that files cannot be read or kept in order."""
        self._tell(f"the spool {self._directory} cannot be read: {error}")

    def prepare(self) -> None:
        """Make the directory and the own file."""
        try:
            self._open()
        except (sqlite3.Error, OSError) as error:
            if _is_of_handler(error):
                raise
            self._tell(f"the spool {self._directory} cannot be opened: {error}")

    def find(self) -> list[SpoolFile]:
        """Return files of processes that are gone, of runs to this host; this needs no turn.

        They are so many at most that `MOST_ADOPTED` are open.
        """
        host = self._host()
        with self._finding, self._looking:
            mine = {file.path for file in self.files()}
            found: list[SpoolFile] = []
            self.has_more = False
            try:
                paths = paths_in(self._directory)
            except OSError as error:  # runs of this delivery may be sent all the same
                if _is_of_handler(error):
                    raise
                self.say_unreadable(error)
                return found
            for path in paths:
                if path in mine:
                    continue
                if len(self._others) + len(found) >= MOST_ADOPTED:
                    self.has_more = True
                    break
                try:
                    file = adopt(path, host, self._tell, self._rest)
                except Exception as error:  # of one file; others are found
                    if _is_of_handler(error):
                        raise
                    self._tell(f"{path} cannot be read: {error}")
                    continue
                if file is not None:
                    found.append(file)
                    self._found.append(file)
            return found

    def _rest(self, *files: SpoolFile) -> None:
        """Let forks in while these files are looked through."""
        self._looked_at = files
        self._looking.release()
        time.sleep(REST)
        self._looking.acquire()

    def add(self, file: SpoolFile) -> bool:
        """Take over a file that was found; tell whether it is not too late."""
        self._found.remove(file)
        if self._is_closed:
            file.close()
            return False
        self._others.append(file)
        return True

    def files(self) -> list[SpoolFile]:
        """Return all files that it has."""
        return [*([] if self._own is None else [self._own]), *self._others]

    def look_after(self) -> None:
        """Do what is to be done now and then: copy logs, close or replace files."""
        self._has_failed = False
        own = self._own
        if own is not None and not own.is_there():
            self._tell(f"{own.path} was removed while in use: its runs survive in memory alone")
            self._others.append(own)
            self._own = None
        for file in self.files():
            try:
                self._look_after(file)
            except sqlite3.Error as error:  # of one file; others are looked after
                self.say_unreadable(error)

    def _look_after(self, file: SpoolFile) -> None:
        file.remove_rest(PIECE_OF_REST)
        # Also the own one where nothing can be removed from it: a full disk gets room by that.
        if (file is not self._own or file.has_rest) and file.is_empty():
            if file is self._own:
                self._own = None
            else:
                self._others.remove(file)
            file.close()
            return
        if file.has_long_log():
            file.copy_log()
        self._name_host(file)

    def close(self) -> None:
        """Close all files."""
        self._is_closed = True
        for file in self.files():
            with suppress(sqlite3.Error):
                self._name_host(file)
            file.close()
        self._own = None
        self._others.clear()
        unregister_fork_lock(self._looking)

    def leave(self) -> None:
        """In a forked child: leave all files to the parent."""
        unregister_fork_lock(self._looking)
        for file in {*self.files(), *self._found, *self._looked_at}:
            file.leave()
            _inherited.append(file)

    def _open(self) -> SpoolFile:
        if self._own is None:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._own = SpoolFile.make(new_path(self._directory), self._host())
        else:
            self._name_host(self._own)
        return self._own

    def _name_host(self, file: SpoolFile) -> None:
        """Name the host in a file to which its runs go now."""
        try:
            host = self._host()
        except OpenApiException:  # of settings that cannot be used: what was named stays
            return
        if file.host != host:
            file.set_host(host)


def paths_in(directory: Path) -> list[Path]:
    """Return the files of deliveries in a directory; nothing else there may be touched.

    Raises:
        OSError: it cannot be read.

    """
    return sorted(path for path in directory.iterdir() if _NAME.fullmatch(path.name))


def _is_of_handler(error: Exception) -> bool:
    """Tell whether the handler of a signal has raised an error, in the middle of something."""
    return isinstance(error, TimeoutError) and error.errno is None


_inherited: list[SpoolFile] = []
"""Those of a parent: closing one in a child would be felt there."""


def adopt(
    path: Path, host: str, tell: Callable[[str], None], rest: Callable[..., None]
) -> SpoolFile | None:
    """Return a file that nobody owns, if its runs go to this host; None if not.

    `rest` is called after each piece of it that was looked through, with the files that are open.

    Raises:
        OSError: it cannot be locked, or what is readable of it cannot be saved.
        sqlite3.Error: the same.

    """
    ownership = Ownership.of(path)
    file = None if ownership is None else _open_found(path, ownership, tell)
    if file is None:
        return None
    try:
        return _usable(file, host, tell, rest)
    except BaseException:
        file.let_go()
        raise


def _open_found(path: Path, ownership: Ownership, tell: Callable[[str], None]) -> SpoolFile | None:
    """Open a file that this process owns now; None if it is no file for this version."""
    try:
        if not path.exists():  # another process was faster
            ownership.give_up(is_gone=True)
            return None
        if set_aside_log(path):
            log = log_of(path).name
            tell(f"{path} is damaged, its log set aside as {log}.damaged; what is readable is sent")
        return SpoolFile(path, ownership)
    except LaterVersionError:
        ownership.give_up(is_gone=False)
    except OSError:  # it may not be looked at, or its log not be set aside
        ownership.give_up(is_gone=False)
        raise
    except sqlite3.Error as error:
        if not is_damage(error):
            ownership.give_up(is_gone=False)
            raise
        tell(f"{path} is damaged, set aside as {path.name}.damaged: {error}")
        set_aside(path)
        ownership.give_up(is_gone=True)
    return None


def _usable(
    file: SpoolFile, host: str, tell: Callable[[str], None], rest: Callable[..., None]
) -> SpoolFile | None:
    """Return a file with runs to this host: that one, or a copy if it is damaged; None if not."""
    if file.host and _spell(file.host) != _spell(host):
        file.close()
        return None
    is_sound = _is_sound(file, rest)
    if not (is_sound and (file.host or not file.waiting)):
        path = file.path
        file = _save(file, host, rest)
        tell(f"{path} is damaged, set aside as {path.name}.damaged; what is readable is sent")
    if not file.waiting:
        file.close()
        return None
    return file


def _spell(host: str) -> str:
    """Return an address in one of the spellings that mean the same."""
    scheme, _, rest = host.partition("://")
    place, slash, path = rest.partition("/")
    return f"{scheme.lower()}://{place.lower()}{slash}{path}"


def _is_sound(file: SpoolFile, rest: Callable[..., None]) -> bool:
    """Tell whether nothing in a file is damaged, and count its runs."""
    since = 0
    for size in file.look_through():
        if size is None:
            return False
        file.waiting += 1
        since += size
        if since > PIECE:
            since = 0
            rest(file)
    return file.is_sound()


def _save(damaged: SpoolFile, host: str, rest: Callable[..., None]) -> SpoolFile:
    """Copy what is readable of a damaged file to another one, and set it aside."""
    copy = SpoolFile.make(new_path(damaged.path.parent), damaged.host or host)
    since = 0
    try:
        for key, accepted_at, body in damaged.readable():
            copy.add(key, accepted_at, body)
            copy.waiting += 1
            since += len(body)
            if since > PIECE:
                since = 0
                rest(damaged, copy)
        damaged.set_aside()
    except BaseException:  # all of it is still in the damaged file, for whoever finds it next
        copy.discard()
        raise
    return copy


def new_path(directory: Path) -> Path:
    """Return where a file of this process may be made."""
    return directory / f"{os.getpid()}-{os.urandom(8).hex()}.sqlite3"
