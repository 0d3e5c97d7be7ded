"""What waits in a spool's directory, and sending what nobody owns: for the command line."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gentrace.api_client import ApiClient
from gentrace.configuration import Configuration
from gentrace.delivery.delivery import Delivery
from gentrace.delivery.ownership import Ownership
from gentrace.delivery.spool import SUFFIX
from gentrace.delivery.spool_file import LaterVersionError, SpoolFile, log_of

if TYPE_CHECKING:
    from pathlib import Path

    from gentrace.delivery.stats import DeliveryStats


@dataclass(frozen=True, slots=True)
class SpoolEntry:
    """One file of a spool.

    Attributes:
        path: where it is.
        process: id of the process that made it; None if its name does not say.
        bytes: its size, with its log.
        is_owned: whether a living process owns it; then the rest is None.
        host: where its runs go; None where it cannot be read.
        runs: how many runs wait in it; None where it cannot be read.
        oldest: when the first of them was recorded, in seconds since the epoch; None without.

    """

    path: Path
    process: int | None
    bytes: int
    is_owned: bool
    host: str | None = None
    runs: int | None = None
    oldest: float | None = None


def list_spool(directory: Path) -> list[SpoolEntry]:
    """Return what waits in a directory, a file at a time; nothing is changed.

    Raises:
        OSError: the directory cannot be read; FileNotFoundError or NotADirectoryError if it is
            none.

    """
    paths = [path for path in directory.iterdir() if path.name.endswith(SUFFIX)]
    return [_look(path) for path in sorted(paths)]


def send_spool(directory: Path, *, timeout: float | None = None) -> dict[str, DeliveryStats]:
    """Send what nobody owns, each file's runs to its host, with the token of the environment.

    Args:
        directory: where the spool is.
        timeout: seconds to wait at most for each host; None waits without limit.

    Returns:
        The counters of each host: what is still `queued` waits in the directory again.

    Raises:
        OSError: the directory cannot be read.

    """
    hosts = {entry.host for entry in list_spool(directory) if entry.runs}
    counters: dict[str, DeliveryStats] = {}
    for host in sorted(filter(None, hosts)):
        with ApiClient(Configuration(host)) as client:
            delivery = Delivery(client, spool=directory)
            delivery.flush(timeout)
            delivery.close(0)
            counters[host] = delivery.stats()
    return counters


def _look(path: Path) -> SpoolEntry:
    process = path.name.partition("-")[0]
    number = int(process) if process.isdecimal() else None
    size = sum(part.stat().st_size for part in (path, log_of(path)) if part.exists())
    ownership = Ownership.of(path)
    if ownership is None:
        return SpoolEntry(path, number, size, is_owned=True)
    try:
        file = SpoolFile(path, ownership)
    except (sqlite3.Error, LaterVersionError):
        ownership.give_up(is_gone=False)
        return SpoolEntry(path, number, size, is_owned=False)
    try:
        return SpoolEntry(path, number, size, False, file.host, file.count(), file.oldest())
    except sqlite3.Error:
        return SpoolEntry(path, number, size, is_owned=False)
    finally:
        file.close()
