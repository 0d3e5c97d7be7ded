"""Finding damage in the write-ahead log that a process left when it did not close its file.

SQLite reads a log up to the first frame whose checksum is wrong, ignores what follows, and removes
the log. Where a process was killed, nothing follows; in a damaged log, runs do, and would be lost.
"""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from typing import TYPE_CHECKING

from gentrace.delivery.spool_paths import file_size, wal_path

if TYPE_CHECKING:
    from pathlib import Path

HEADER_SIZE = 32
"""Eight words: magic number, version, page size, sequence number, two of salt, two of checksum."""

FRAME_HEADER_SIZE = 24
"""Before each page: its number, a word that is not 0 at the end of a commit, salt, checksum."""

BYTE_ORDERS = {0x377F0682: "<", 0x377F0683: ">"}
"""The byte order of the checksums, by magic number."""


def set_aside_log(path: Path) -> bool:
    """Rename the log of a file if it is damaged; tell whether it was.

    What can be read of it is copied into the file first. The caller owns the file and has not
    opened it. This holds for files of later versions too: SQLite would remove their logs as well.

    Raises:
        OSError: it cannot be renamed.
        sqlite3.Error: the file cannot be used now, or is itself damaged.

    """
    log = wal_path(path)
    if file_size(log) <= HEADER_SIZE:
        return False
    if file_size(path) == 0:  # SQLite would drop the log as that of another database
        _set_aside(log)
        return True
    with closing(sqlite3.connect(path, timeout=0)) as connection:
        connection.execute("PRAGMA writable_schema = ON")  # or a file that was cut is not read
        try:
            is_busy, read, copied = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.OperationalError:  # such as a full disk
            if _has_frames_after_damage(log, 0):
                raise
            return False
        if is_busy or copied != read:
            raise sqlite3.OperationalError("another program reads it")
        is_damaged = _has_frames_after_damage(log, read)
        if is_damaged:
            _set_aside(log)
    return is_damaged


def _set_aside(log: Path) -> None:
    log.rename(log.with_name(f"{log.name}.damaged"))


def _has_frames_after_damage(log: Path, read: int) -> bool:
    """Tell whether something was committed after the first damaged frame.

    The first `read` frames are not damaged. A log is written over from its start: after its last
    frame there may be stale ones, which have another salt.
    """
    with log.open("rb") as file:
        head = file.read(HEADER_SIZE)
        magic, _, page_size, *_ = struct.unpack(">8I", head)
        order = BYTE_ORDERS.get(magic)
        if order is None or _checksum(head[:24], order) != head[24:]:
            return True
        checksum, salt = head[24:], head[16:24]
        frame_size = FRAME_HEADER_SIZE + page_size
        if read:
            file.seek(HEADER_SIZE + (read - 1) * frame_size)
            checksum = file.read(FRAME_HEADER_SIZE)[16:]
            file.seek(page_size, 1)
        is_damaged = is_followed = is_committed = False
        while len(frame := file.read(frame_size)) == frame_size:
            is_own = frame[8:16] == salt
            if is_damaged:
                is_followed |= is_own
            else:
                checksum = _checksum(frame[:8] + frame[FRAME_HEADER_SIZE:], order, checksum)
                is_damaged = not is_own or checksum != frame[16:FRAME_HEADER_SIZE]
            is_committed |= is_own and frame[4:8] != bytes(4)
    return is_followed and is_committed


def _checksum(data: bytes, order: str, before: bytes = bytes(8)) -> bytes:
    first, second = struct.unpack(">2I", before)
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for one, other in zip(words[::2], words[1::2], strict=True):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + other + first) & 0xFFFFFFFF
    return struct.pack(">2I", first, second)
