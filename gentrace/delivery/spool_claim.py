"""Claiming one orphaned file of a spool: it is locked, checked, and salvaged if it is damaged."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from gentrace.delivery.ownership import Ownership
from gentrace.delivery.spool_file import LaterVersionError, SpoolFile, is_damage
from gentrace.delivery.spool_log import set_aside_log
from gentrace.delivery.spool_paths import new_path, set_aside, wal_path

if TYPE_CHECKING:
    from pathlib import Path


def claim(
    path: Path, host: str, warn: Callable[[str], None], note_read: Callable[..., None]
) -> SpoolFile | None:
    """Return a file that nobody owned and that has runs to this host; None if it is not one.

    Args:
        path: where it is.
        host: where runs of this delivery go.
        warn: is called with what is logged about it.
        note_read: is called with the size of each run that was read, and the files that are open.

    Raises:
        OSError: it cannot be locked, or what is readable of it cannot be saved.
        sqlite3.Error: the same.

    """
    ownership = Ownership.acquire(path)
    file = None if ownership is None else _open(path, ownership, warn)
    if file is None:
        return None
    try:
        return _check(file, host, warn, note_read)
    except BaseException:
        file.release()
        raise


def _open(path: Path, ownership: Ownership, warn: Callable[[str], None]) -> SpoolFile | None:
    """Open a file that this process owns now; None if this version cannot use it."""
    try:
        if not path.exists():  # another process claimed it first, and has removed it
            ownership.release(deleted=True)
            return None
        if set_aside_log(path):
            log = wal_path(path).name
            warn(f"{path} is damaged, its log set aside as {log}.damaged; what is readable is sent")
        return SpoolFile(path, ownership)
    except LaterVersionError:
        ownership.release(deleted=False)
    except OSError:  # this user may not look at it, or its log cannot be set aside
        ownership.release(deleted=False)
        raise
    except sqlite3.Error as error:
        if not is_damage(error):
            ownership.release(deleted=False)
            raise
        with suppress(sqlite3.Error):
            return SpoolFile(path, ownership, is_damaged=True)
        warn(f"{path} is damaged, set aside as {path.name}.damaged: {error}")
        set_aside(path)
        ownership.release(deleted=True)
    return None


def _check(
    file: SpoolFile, host: str, warn: Callable[[str], None], note_read: Callable[..., None]
) -> SpoolFile | None:
    """Return a file with runs to this host, or a copy of it if it is damaged; None without any."""
    if file.host and _normalize(file.host) != _normalize(host):
        file.close()
        return None
    is_intact = not file.is_damaged and _scan(file, note_read)
    if not (is_intact and (file.host or not file.unloaded)):
        path = file.path
        file = _salvage(file, host, note_read)
        warn(f"{path} is damaged, set aside as {path.name}.damaged; what is readable is sent")
    if not file.unloaded:
        file.close()
        return None
    return file


def _normalize(host: str) -> str:
    """Return an address with scheme and name of the host in lower case."""
    scheme, _, rest = host.partition("://")
    place, slash, path = rest.partition("/")
    return f"{scheme.lower()}://{place.lower()}{slash}{path}"


def _scan(file: SpoolFile, note_read: Callable[..., None]) -> bool:
    """Count the runs of a file; tell whether nothing in it is damaged."""
    for size in file.scan():
        if size is None:
            return False
        file.unloaded += 1
        note_read(size, file)
    return file.is_intact()


def _salvage(damaged: SpoolFile, host: str, note_read: Callable[..., None]) -> SpoolFile:
    """Copy what is readable of a damaged file to a new one, and set the damaged one aside."""
    copy = SpoolFile.make(new_path(damaged.path.parent), host)
    try:
        for key, accepted_at, body in damaged.salvage():
            copy.add(key, accepted_at, body)
            copy.unloaded += 1
            note_read(len(body), damaged, copy)
        damaged.set_aside()
    except BaseException:  # the damaged file still has all of it, for whoever claims it next
        copy.discard()
        raise
    return copy
