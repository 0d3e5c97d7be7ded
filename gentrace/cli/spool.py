"""`gentrace spool`: list the files of a spool, and send their runs."""

from __future__ import annotations

import argparse
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gentrace.cli.arguments import directory as directory_name
from gentrace.cli.output import print_json, print_line, warn
from gentrace.cli.owner import owner_of
from gentrace.cli.spool_sending import send_orphans
from gentrace.delivery.ownership import Ownership
from gentrace.delivery.spool_file import LaterVersionError, SpoolFile, is_damage
from gentrace.delivery.spool_log import set_aside_log
from gentrace.delivery.spool_paths import file_size, paths_in, wal_path

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class SpoolEntry:
    """One file of a spool; if a living process owns it, only size and process are known.

    `process` is None if the system does not tell which process it is.
    """

    file: str
    bytes: int
    owned: bool
    process: str | None = None
    host: str | None = None
    runs: int | None = None
    oldest: str | None = None
    flaw: str | None = None


def main(arguments: Sequence[str]) -> int:
    """List the files, and send them with `--send`; return 1 for a damaged file or runs left."""
    parser = argparse.ArgumentParser(
        prog="gentrace spool",
        description="List the files of a spool: host, runs, bytes, the oldest run, and whether a "
        "running process uses it. --send sends the runs of the others; the token is taken from "
        "GENTRACE_API_KEY, the host from each file.",
    )
    parser.add_argument("directory", type=directory_name, metavar="DIRECTORY")
    parser.add_argument(
        "--send", action="store_true", help="send the runs of files that no process uses"
    )
    parser.add_argument("--json", action="store_true", help="print an object for each file")
    options = parser.parse_args(arguments)
    directory: Path = options.directory
    if not directory.is_dir():
        raise NotADirectoryError(f"{directory}: there is no such directory")
    before = entries = list_entries(directory)
    are_done = []
    if options.send:
        are_done = [
            send_orphans(directory, host) for host in sorted({f.host for f in before if f.host})
        ]
        entries = list_entries(directory)
    if not entries and not options.send:
        warn(f"{directory}: no unsent runs")
    for file in entries:
        if options.json:
            print_json(asdict(file))
        else:
            print_line(describe(file))
    # A damaged file may be gone, although not all of its runs were sent.
    has_flaw = any(file.flaw for file in [*before, *entries])
    return 0 if all(are_done) and not has_flaw else 1


def list_entries(directory: Path) -> list[SpoolEntry]:
    """Inspect all files of a spool."""
    entries = [_inspect(path) for path in paths_in(directory)]
    return [file for file in entries if file is not None]


def _inspect(path: Path) -> SpoolEntry | None:
    """Inspect a file of a spool; None if it was removed in the meantime."""
    size = file_size(path) + file_size(wal_path(path))
    ownership = host = flaw = None
    try:
        ownership = Ownership.acquire(path)
        if ownership is None:
            return SpoolEntry(path.name, size, owned=True, process=owner_of(path))
        if not path.exists():  # opening it would create it again
            ownership.release(deleted=True)
            return None
        if set_aside_log(path):
            flaw = f"damaged: its log was set aside as {wal_path(path).name}.damaged"
        with closing(SpoolFile(path, ownership)) as file:
            host = file.host
            runs, oldest_time = file.count(), file.oldest()
    except (sqlite3.Error, OSError, LaterVersionError) as error:
        if ownership is not None:
            if host is None and is_damage(error):
                host = _find_host(path, ownership)
            ownership.release(deleted=False)
        # The host is kept: a delivery to it sends the runs that are readable.
        return SpoolEntry(path.name, size, owned=False, host=host, flaw=_describe_flaw(error))
    if runs and not host:
        flaw = "damaged: it does not say where its runs go"
    oldest = (
        None
        if oldest_time is None
        else datetime.fromtimestamp(oldest_time, UTC).isoformat("T", "seconds")
    )
    return SpoolEntry(path.name, size, owned=False, host=host, runs=runs, oldest=oldest, flaw=flaw)


def _find_host(path: Path, ownership: Ownership) -> str | None:
    """Return where the runs of a damaged file go; None if that cannot be read."""
    try:
        file = SpoolFile(path, ownership, is_damaged=True)
    except sqlite3.Error:
        return None
    file.release()
    return file.host


def _describe_flaw(error: Exception) -> str:
    if isinstance(error, LaterVersionError):
        return "of a later version"
    # Not damaged: this user may not read it, or another program has locked it.
    is_inaccessible = isinstance(error, (sqlite3.OperationalError, PermissionError))
    return f"cannot be read: {error}" if is_inaccessible else f"damaged: {error}"


def describe(file: SpoolEntry) -> str:
    """Return the line that describes a file."""
    if file.owned:
        maker = file.file.partition("-")[0]
        owner = f"owned by process {file.process}" if file.process else f"in use, made by {maker}"
        return f"{file.file}  {file.bytes} bytes, {owner}"
    if file.flaw is not None:
        return f"{file.file}  {file.bytes} bytes, {file.flaw}"
    if not file.runs:
        return f"{file.file}  {file.bytes} bytes, no runs"
    return f"{file.file}  {file.host}  {file.runs} runs, {file.bytes} bytes, oldest {file.oldest}"
