"""`gentrace send --dask`: send files by the workers of a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from gentrace.backfill import BackfillResult, send_bag
from gentrace.backfill.lines import Line
from gentrace.cli.arguments import SCHEDULER

if TYPE_CHECKING:
    from gentrace.configuration import Configuration

PARTITION: Final = 2**25
"""How many bytes of a plain file are one partition; a compressed file is one partition."""

COMPRESSED: Final = (".gz", ".bz2", ".xz")


def send(
    files: Sequence[str],
    configuration: Configuration,
    *,
    scheduler: str,
    parallel: int,
    key: str | None,
) -> BackfillResult:
    """Send the lines of files by the workers of a cluster.

    Raises:
        ImportError: Dask, or what reads such addresses, is not installed.
        OSError: the cluster or a file cannot be reached, its workers die again and again, or it
            ends.
        ApiException: the server cannot be reached, or does not accept the workers' token.

    """
    try:
        bag: Any = import_module("dask.bag")
        distributed: Any = import_module("distributed")
    except ModuleNotFoundError as error:
        raise ImportError(
            f"--dask needs {error.name}, which is not installed: "
            "pip install 'dask[bag]' distributed"
        ) from error
    try:
        cluster = distributed.Client(scheduler)
    except ValueError as error:
        raise OSError(f"--dask: expected an address, such as {SCHEDULER}: {error}") from error
    with cluster:
        parts = [
            bag.read_text(
                file,
                blocksize=None if file.endswith(COMPRESSED) else PARTITION,
                encoding="utf-8-sig",
                # A line that is not UTF-8 is rejected alone, not with its whole partition.
                errors="surrogateescape",
                include_path=True,
            ).map_partitions(name_lines)
            for file in files
        ]
        try:
            return send_bag(bag.concat(parts), configuration, parallel=parallel, key=key)
        except distributed.KilledWorker as error:
            raise ChildProcessError(f"workers died again and again: {error}") from error
        except CancelledError as error:
            raise ConnectionError(
                f"{scheduler}: the cluster has ended or cancelled the work: {error}"
            ) from error


def name_lines(partition: Iterable[tuple[str, str]]) -> Iterator[Line]:
    """Give the lines of one partition their file, and their number in the partition."""
    for number, (text, file) in enumerate(partition, 1):
        content = text.encode(errors="surrogateescape").strip()
        if content:
            yield Line(file, number, content)
