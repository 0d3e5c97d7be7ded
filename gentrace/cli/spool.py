"""`gentrace spool`: the runs that wait on disk, a line a file; and sending them."""

from __future__ import annotations

import argparse
import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gentrace.api_client import ApiClient
from gentrace.cli.arguments import directory as directory_name
from gentrace.cli.finding import WELL
from gentrace.cli.output import say, say_json, warn
from gentrace.cli.owner import owner_of
from gentrace.cli.probe import try_server
from gentrace.configuration import Configuration
from gentrace.delivery import Delivery
from gentrace.delivery.ownership import Ownership
from gentrace.delivery.receipt import MEANINGS
from gentrace.delivery.spool import paths_in
from gentrace.delivery.spool_file import LaterVersionError, SpoolFile
from gentrace.delivery.spool_log import set_aside_log
from gentrace.delivery.spool_parts import log_of, size_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


TRIAL = 10.0
"""Seconds that the server may take to answer before anything is sent."""

PATIENCE = 60.0
"""Seconds in which at least one run must arrive, or else sending ends."""


@dataclass(frozen=True)
class Waiting:
    """One file; of one that a living process owns, only its size and that process are known.

    `process` is None where the system does not say which one it is.
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
    """List what waits; with `--send`, send what nobody owns: 1 for a flaw, or for what is left."""
    parser = argparse.ArgumentParser(
        prog="gentrace spool",
        description="List the files of a spool: host, runs, bytes, the oldest run, and whether a "
        "process that is alive owns it. --send sends what nobody owns; the token is taken from "
        "GENTRACE_API_KEY, the host from each file.",
    )
    parser.add_argument("directory", type=directory_name, metavar="DIRECTORY")
    parser.add_argument("--send", action="store_true", help="send what nobody owns")
    parser.add_argument("--json", action="store_true", help="print an object for each file")
    options = parser.parse_args(arguments)
    directory: Path = options.directory
    if not directory.is_dir():
        raise NotADirectoryError(f"{directory}: there is no such directory")
    found = files = look_at_all(directory)
    is_done = []
    if options.send:
        is_done = [_send(directory, host) for host in sorted({f.host for f in found if f.host})]
        files = look_at_all(directory)
    if not files and not options.send:
        warn(f"{directory}: nothing waits")
    for file in files:
        if options.json:
            say_json(asdict(file))
        else:
            say(word(file))
    # Of a damaged file not all may have been sent, though it is there no more.
    has_flaw = any(file.flaw for file in [*found, *files])
    return 0 if all(is_done) and not has_flaw else 1


def look_at_all(directory: Path) -> list[Waiting]:
    """Look into all files of a spool."""
    files = [_look(path) for path in paths_in(directory)]
    return [file for file in files if file is not None]


def _look(path: Path) -> Waiting | None:
    """Look into a file of a spool; None if it was removed meanwhile."""
    size = size_of(path) + size_of(log_of(path))
    ownership = host = flaw = None
    try:
        ownership = Ownership.of(path)
        if ownership is None:
            return Waiting(path.name, size, owned=True, process=owner_of(path))
        if not path.exists():  # opening it would make it anew
            ownership.give_up(is_gone=True)
            return None
        if set_aside_log(path):
            flaw = f"damaged: its log was set aside as {log_of(path).name}.damaged"
        with closing(SpoolFile(path, ownership)) as file:
            host = file.host
            runs, first = file.count(), file.oldest()
    except (sqlite3.Error, OSError, LaterVersionError) as error:
        if ownership is not None:
            ownership.give_up(is_gone=False)
        # A delivery to that host sends what is readable of it.
        return Waiting(path.name, size, owned=False, host=host, flaw=_word_flaw(error))
    if runs and not host:
        flaw = "damaged: it does not say where its runs go"
    oldest = None if first is None else datetime.fromtimestamp(first, UTC).isoformat("T", "seconds")
    return Waiting(path.name, size, owned=False, host=host, runs=runs, oldest=oldest, flaw=flaw)


def _word_flaw(error: Exception) -> str:
    if isinstance(error, LaterVersionError):
        return "of a later version"
    # Such as one that this user may not read, or that another program locks.
    is_barred = isinstance(error, (sqlite3.OperationalError, PermissionError))
    return f"cannot be read: {error}" if is_barred else f"damaged: {error}"


def _send(directory: Path, host: str) -> bool:
    """Send the runs of all files to one host, while any arrives; whether none is left."""
    configuration = Configuration(host)
    with ApiClient(configuration) as client:
        delivery = Delivery(client, spool=directory)
        off = delivery.off_reason()
        if off is not None:
            warn(f"{host}: nothing is sent: {MEANINGS[off]}")
            return False
        *_, verdict = try_server(configuration, TRIAL)
        if verdict.state != WELL:
            warn(f"{host}: nothing is sent: {verdict.text}")
            return False
        delivered = -1
        is_done = False
        while not is_done and delivery.stats().delivered > delivered:
            delivered = delivery.stats().delivered
            is_done = delivery.flush(PATIENCE)
        delivery.close(1)
        stats = delivery.stats()
    dropped = sum(stats.dropped.values())
    warn(f"{host}: {stats.delivered} delivered, {dropped} dropped, {stats.queued} left")
    return is_done and not dropped and not stats.queued


def word(file: Waiting) -> str:
    """Give the line that says it."""
    if file.owned:
        maker = file.file.partition("-")[0]
        owner = f"owned by process {file.process}" if file.process else f"in use, made by {maker}"
        return f"{file.file}  {file.bytes} bytes, {owner}"
    if file.flaw is not None:
        return f"{file.file}  {file.bytes} bytes, {file.flaw}"
    if not file.runs:
        return f"{file.file}  {file.bytes} bytes, no runs"
    return f"{file.file}  {file.host}  {file.runs} runs, {file.bytes} bytes, oldest {file.oldest}"
