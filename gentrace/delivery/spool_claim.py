"""Claiming one orphaned file of a spool: it is locked, checked, and salvaged if it is damaged."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING

from gentrace.delivery.ownership import Ownership
from gentrace.delivery.spool_file import LaterVersionError, SpoolFile, is_damage
from gentrace.delivery.spool_log import set_aside_log
from gentrace.delivery.spool_paths import new_path, set_aside, wal_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BYTES_BETWEEN_YIELDS = 2**20
"""How many bytes of a file are read through before other threads may fork."""


def claim(
    path: Path, host: str, warn: Callable[[str], None], yield_to_forks: Callable[..., None]
) -> SpoolFile | None:
    """Return a file that nobody owned and that has runs to this host; None if it is not one.

    Args:
        path: where it is.
        host: where runs of this delivery go.
        warn: is called with what is logged about it.
        yield_to_forks: is called between two parts of it, with the files that are open.

    Raises:
        OSError: it cannot be locked, or what is readable of it cannot be saved.
        sqlite3.Error: the same.

    """
    ownership = Ownership.acquire(path)
    file = None if ownership is None else _open(path, ownership, warn)
    if file is None:
        return None
    try:
        return _check(file, host, warn, yield_to_forks)
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
    file: SpoolFile, host: str, warn: Callable[[str], None], yield_to_forks: Callable[..., None]
) -> SpoolFile | None:
    """Return a file with runs to this host, or a copy of it if it is damaged; None without any."""
    if file.host and _normalize(file.host) != _normalize(host):
        file.close()
        return None
    is_intact = not file.is_damaged and _scan(file, yield_to_forks)
    if not (is_intact and (file.host or not file.unloaded)):
        path = file.path
        file = _salvage(file, host, yield_to_forks)
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


def _scan(file: SpoolFile, yield_to_forks: Callable[..., None]) -> bool:
    """Count the runs of a file; tell whether nothing in it is damaged."""
    unyielded = 0
    for size in file.scan():
        if size is None:
            return False
        file.unloaded += 1
        unyielded += size
        if unyielded > BYTES_BETWEEN_YIELDS:
            unyielded = 0
            yield_to_forks(file)
    return file.is_intact()


def _salvage(damaged: SpoolFile, host: str, yield_to_forks: Callable[..., None]) -> SpoolFile:
    """Copy what is readable of a damaged file to a new one, and set the damaged one aside."""
    copy = SpoolFile.make(new_path(damaged.path.parent), damaged.host or host)
    unyielded = 0
    try:
        for key, accepted_at, body in damaged.salvage():
            copy.add(key, accepted_at, body)
            copy.unloaded += 1
            unyielded += len(body)
            if unyielded > BYTES_BETWEEN_YIELDS:
                unyielded = 0
                yield_to_forks(damaged, copy)
        damaged.set_aside()
    except BaseException:  # the damaged file still has all of it, for whoever claims it next
        copy.discard()
        raise
    return copy
