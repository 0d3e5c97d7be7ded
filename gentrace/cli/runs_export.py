"""`gentrace runs export`: write stored runs as JSON Lines."""

from __future__ import annotations

import argparse
import os
import stat
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkstemp
from typing import BinaryIO, Final

from gentrace.cli.arguments import file_name
from gentrace.cli.runs_server import add_filters, add_server, connect, filters_of
from gentrace.directories import absolute

STANDARD_OUTPUT: Final = "-"

NAME_LENGTH: Final = 50
"""How many characters of the file name its temporary file has: file systems limit names."""


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
        default=STANDARD_OUTPUT,
        help="write there in place of standard output, which is -; a file appears when it is whole",
    )
    add_server(parser)
    options = parser.parse_args(arguments)
    try:
        with (
            connect(options.host) as api,
            api.runs_export(**filters_of(options)) as response,
            _open_output(options.output) as file,
        ):
            for chunk in response.response.stream():
                file.write(chunk)
    except OSError as error:
        is_file = options.output != STANDARD_OUTPUT
        error.filename = options.output if is_file else "standard output"  # as the user named it
        raise
    return 0


@contextmanager
def _open_output(path: str) -> Generator[BinaryIO]:
    """Yield the output; a file is written under a temporary name and renamed at the end."""
    if path == STANDARD_OUTPUT:
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if Path(path).exists() and not Path(path).is_file():
        # A pipe or a device must not be replaced.
        with Path(path).open("wb") as file:
            yield file
        return
    target = absolute(path).resolve()
    # mkstemp: a unique name, and accessible to this user only, as runs may hold prompts.
    handle, name = mkstemp(
        dir=target.parent, prefix=f"{target.name[:NAME_LENGTH]}.", suffix=".part"
    )
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        if target.exists():
            part.chmod(stat.S_IMODE(target.stat().st_mode))
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
