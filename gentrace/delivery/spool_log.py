"""The write-ahead log of a file of a spool, as a process leaves it that did not close the file.

SQLite reads a log up to the first frame whose checksum is wrong, forgets what follows, and removes
the log. Of a process that was killed, nothing follows; in a damaged log, runs do.
"""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from typing import TYPE_CHECKING

from gentrace.delivery.spool_file import VERSION
from gentrace.delivery.spool_parts import log_of, size_of

if TYPE_CHECKING:
    from pathlib import Path

HEAD = 32
"""Bytes: magic number, version, page size, number, two of salt, two of the checksum of these."""

FRAME = 24
"""Bytes before each page: its number, not 0 at the end of a commit, salt, checksum."""

MAGIC = {0x377F0682: "<", 0x377F0683: ">"}
"""The order of bytes in which checksums are made."""


def set_aside_log(path: Path) -> bool:
    """Rename the log of a file if it is damaged, and tell whether it is.

    What can be read of it is in the file then. The caller owns the file, which is not open.

    Raises:
        OSError: it cannot be renamed.
        sqlite3.Error: the file cannot be used now, or is damaged itself.

    """
    log = log_of(path)
    if size_of(log) <= HEAD:
        return False
    if size_of(path) == 0:  # SQLite would take the log for that of another database
        _rename(log)
        return True
    with closing(sqlite3.connect(path, timeout=0)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            return False
        try:
            is_busy, read, copied = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.OperationalError:  # such as of a full disk
            if _has_more(log, 0):
                raise
            return False
        if is_busy or copied != read:
            raise sqlite3.OperationalError("another program reads it")
        # Without a number, the database says that it has no log.
        is_damaged = read < 0 or _has_more(log, read)
        if is_damaged:
            _rename(log)
    return is_damaged


def _rename(log: Path) -> None:
    log.rename(log.with_name(f"{log.name}.damaged"))


def _has_more(log: Path, read: int) -> bool:
    """Tell whether something was committed behind the first damaged frame.

    The first `read` frames are not damaged. A log is written over from its start: behind its last
    frame there may be some of an earlier one, which have another salt.
    """
    with log.open("rb") as file:
        head = file.read(HEAD)
        magic, _, page, *_ = struct.unpack(">8I", head)
        order = MAGIC.get(magic)
        if order is None or _checksum(head[:24], order) != head[24:]:
            return True
        checksum, salt = head[24:], head[16:24]
        if read:
            file.seek(HEAD + (read - 1) * (FRAME + page))
            checksum = file.read(FRAME)[16:]
            file.seek(page, 1)
        is_damaged = is_followed = is_committed = False
        while len(frame := file.read(FRAME + page)) == FRAME + page:
            is_own = frame[8:16] == salt
            if is_damaged:
                is_followed |= is_own
            else:
                checksum = _checksum(frame[:8] + frame[FRAME:], order, checksum)
                is_damaged = not is_own or checksum != frame[16:FRAME]
            is_committed |= is_own and frame[4:8] != bytes(4)
    return is_followed and is_committed


def _checksum(data: bytes, order: str, before: bytes = bytes(8)) -> bytes:
    first, second = struct.unpack(">2I", before)
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for one, other in zip(words[::2], words[1::2], strict=True):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + other + first) & 0xFFFFFFFF
    return struct.pack(">2I", first, second)
