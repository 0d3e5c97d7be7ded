"""A directory in which runs survive the process that recorded them.

Each delivery writes a file of its own there, and adopts orphaned files: those of processes that
are gone.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from gentrace.delivery.spool_claim import claim
from gentrace.delivery.spool_file import SpoolFile
from gentrace.delivery.spool_paths import new_path, paths_in
from gentrace.directories import make_private_directory
from gentrace.exceptions import OpenApiException
from gentrace.process import register_fork_lock, unregister_fork_lock

if TYPE_CHECKING:
    from pathlib import Path

    from gentrace.delivery.limits import Limits
    from gentrace.delivery.run import Run

MAX_ADOPTED = 8
"""How many adopted files are open at once: each takes four file descriptors of the program."""

REMOVALS_PER_ACTION = 1000
"""How many failed removals are tried again in one action on the queue."""

BYTES_BETWEEN_FORKS = 2**20
"""How many bytes of a file are read through before other threads may fork."""

FORK_PAUSE = 0.001
"""For how many seconds other threads may fork between two parts of a file."""


class Spool:
    """The files of one delivery in one process.

    The caller runs one method at a time, in an action on the queue; but `claim_orphans`, which
    takes long, in any thread.

    Args:
        directory: where they are.
        limits: how large the own file may become, and how old a run.
        host: returns where runs go.
        time: returns the time, in seconds since the epoch.
        warn: logs a warning, with its error if it has one, in a thread of the delivery.

    Attributes:
        has_more: whether the last `claim_orphans` left files because too many would be open.

    """

    def __init__(
        self,
        directory: Path,
        limits: Limits,
        host: Callable[[], str],
        time: Callable[[], float],
        warn: Callable[..., None],
    ) -> None:
        self._directory = directory
        self._limits = limits
        self._host = host
        self._time = time
        self._warn = warn
        self._own: SpoolFile | None = None
        self._adopted: list[SpoolFile] = []
        # How many bytes were read through since other threads could fork.
        self._unpaused = 0
        # Files that are being read through, and those that were claimed but not adopted yet.
        self._scanned: tuple[SpoolFile, ...] = ()
        self._claimed: list[SpoolFile] = []
        self.has_more = False
        self._is_closed = False
        self._cannot_make_own = False
        self._claim_lock = threading.RLock()
        # No child shall find SQLite in the middle of a claim.
        self._fork_lock = threading.RLock()
        register_fork_lock(self._fork_lock)

    def store(self, run: Run, body: bytes) -> Literal["stored", "full", "failed"]:
        """Store a run, unless the own file is full; "failed" if it cannot be stored at all."""
        if run.file is not None:  # it was stored before an interrupt
            return "stored"
        if self._cannot_make_own:
            return "failed"
        try:
            own = self._open()
            if not own.size.has_room(len(body), self._limits.spool_max_bytes):
                return "full"
            run.number = own.add(run.key, run.accepted_at, body)
            run.file = own
        except (sqlite3.Error, OSError) as error:
            if _is_of_signal_handler(error):
                raise
            # Making a file is not tried again for each run, but after the next `maintain`.
            self._cannot_make_own = self._own is None
            self._warn(f"the spool {self._directory} cannot be written, runs stay in memory", error)
            return "failed"
        return "stored"

    def body(self, run: Run) -> bytes | None:
        """Return the body of a run; None if it is missing or too old.

        Raises:
            sqlite3.Error: it cannot be read.

        """
        is_expired = run.accepted_at + self._limits.spool_max_age < self._time()
        return None if is_expired or run.file is None else run.file.body(run.number)

    def warn_unreadable(self, error: Exception) -> None:
        """Warn that files cannot be read or maintained."""
        self._warn(f"the spool {self._directory} cannot be read", error)

    def claim_orphans(self) -> list[SpoolFile]:
        """Return files of processes that are gone, with runs to this host, for `add`.

        They are so few that at most `MAX_ADOPTED` are open. Those that another thread has claimed
        and not added yet are among them: neither thread shall miss their runs.
        """
        host = self._host()
        with self._claim_lock, self._fork_lock:
            self.has_more = False
            try:
                make_private_directory(self._directory)
                self._claim_from(paths_in(self._directory), host)
            except OSError as error:  # runs of this delivery may be sent all the same
                if _is_of_signal_handler(error):
                    raise
                self.warn_unreadable(error)
            return self._claimed.copy()

    def _claim_from(self, paths: list[Path], host: str) -> None:
        known = {file.path for file in (*self.files(), *self._claimed)}
        for path in paths:
            if self._is_closed:  # what it left is for others
                return
            if path in known:
                continue
            if len(self._adopted) + len(self._claimed) >= MAX_ADOPTED:
                self.has_more = True
                return
            try:
                file = claim(path, host, self._warn, self._note_read)
            except Exception as error:  # the other files are claimed all the same
                if _is_of_signal_handler(error):
                    raise
                self._warn(f"{path} cannot be read", error)
            else:
                if file is not None:
                    self._claimed.append(file)

    def _note_read(self, size: int, *files: SpoolFile) -> None:
        """Let other threads fork, after each `BYTES_BETWEEN_FORKS` of these files."""
        self._unpaused += size
        if self._unpaused <= BYTES_BETWEEN_FORKS:
            return
        self._unpaused = 0
        self._scanned = files
        self._fork_lock.release()
        # Acquired again at once, it would hardly ever go to a thread that waits for it.
        time.sleep(FORK_PAUSE)
        self._fork_lock.acquire()

    def add(self, file: SpoolFile) -> bool:
        """Adopt a claimed file; False if another thread did, or if it is closed with the spool."""
        if file not in self._claimed:
            return False
        self._claimed.remove(file)
        if self._is_closed:
            file.close()
            return False
        self._adopted.append(file)
        return True

    def files(self) -> list[SpoolFile]:
        """Return all files that it has."""
        return [*([] if self._own is None else [self._own]), *self._adopted]

    def maintain(self) -> None:
        """Checkpoint logs, and close or replace files where that is due."""
        self._cannot_make_own = False
        own = self._own
        if own is not None and not own.exists():
            self._warn(
                f"{own.path} was removed while in use: its runs are lost unless they are sent "
                "before this delivery is closed"
            )
            self._adopted.append(own)
            self._own = None
        for file in self.files():
            try:
                self._maintain(file)
            except sqlite3.Error as error:  # the other files are maintained all the same
                self.warn_unreadable(error)

    def _maintain(self, file: SpoolFile) -> None:
        file.retry_removals(REMOVALS_PER_ACTION)
        # The own file too, if removals from it fail: removing the file makes room on a full disk.
        if (file is not self._own or file.has_pending_removals) and file.is_empty():
            if file is self._own:
                self._own = None
            else:
                self._adopted.remove(file)
            file.close()
            return
        if file.size.is_checkpoint_due:
            file.checkpoint()
        self._update_host(file)

    def close(self) -> None:
        """Close all files."""
        self._is_closed = True
        for file in self.files():
            with suppress(sqlite3.Error):
                self._update_host(file)
            file.close()
        self._own = None
        self._adopted.clear()
        unregister_fork_lock(self._fork_lock)

    def disown(self) -> None:
        """In a forked child: leave all files to the parent."""
        unregister_fork_lock(self._fork_lock)
        for file in {*self.files(), *self._claimed, *self._scanned}:
            file.disown()
            _inherited.append(file)

    def _open(self) -> SpoolFile:
        """Return the own file, with the host to which its runs go now."""
        if self._own is None:
            make_private_directory(self._directory)
            self._own = SpoolFile.make(new_path(self._directory), self._host())
        else:
            self._update_host(self._own)
        return self._own

    def _update_host(self, file: SpoolFile) -> None:
        try:
            host = self._host()
        except OpenApiException:  # the settings are unusable: keep the host that it has
            return
        if file.host != host:
            file.set_host(host)


def _is_of_signal_handler(error: Exception) -> bool:
    """Tell whether a signal handler raised an error, such as one for a time-out."""
    return isinstance(error, TimeoutError) and error.errno is None


_inherited: list[SpoolFile] = []
"""A parent's files, which are kept for good: closing one in a child would affect the parent."""
