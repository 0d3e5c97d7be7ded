"""`gentrace runs export`: stored runs as JSON Lines."""

from __future__ import annotations

import argparse
import os
import stat
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkstemp
from typing import TYPE_CHECKING, BinaryIO, Final

from gentrace.cli.arguments import file_name
from gentrace.cli.runs_server import add_filters, add_server, filters_of, reach

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

NAME_LENGTH: Final = 50
"""How much of a file's name the one has that is being written: a file system bounds names."""


def main(arguments: Sequence[str]) -> int:
    """Write runs to a file or to standard output."""
    parser = argparse.ArgumentParser(
        prog="gentrace runs export",
        description="Write the runs that a local server has stored as JSON Lines, the oldest "
        "first, each as it was sent. gentrace send sends them again.",
    )
    add_filters(parser)
    parser.add_argument(
        "--output",
        type=file_name,
        metavar="FILE",
        help="write there in place of standard output; a file appears when it is whole",
    )
    add_server(parser)
    options = parser.parse_args(arguments)
    with (
        reach(options.host) as api,
        api.runs_export(**filters_of(options)) as answer,
        _open(options.output) as file,
    ):
        for piece in answer.response.stream():
            file.write(piece)
    return 0


@contextmanager
def _open(path: str | None) -> Generator[BinaryIO]:
    """Give where to write; a file takes its name when all of it is written, links stay links."""
    if path is None:
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if Path(path).exists() and not Path(path).is_file():
        # Such as a pipe or a device, which stays what it is.
        with Path(path).open("wb") as file:
            yield file
        return
    target = Path(path).resolve()
    # Of a name that nothing else has, and for this user alone: it may hold prompts.
    try:
        handle, name = mkstemp(
            dir=target.parent, prefix=f"{target.name[:NAME_LENGTH]}.", suffix=".part"
        )
    except OSError as error:
        error.filename = path  # which the caller knows
        raise
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        if target.exists():
            part.chmod(stat.S_IMODE(target.stat().st_mode))
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
