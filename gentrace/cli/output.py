"""Printing: the results of a command on standard output, everything else on standard error.

Unprintable characters are escaped: text from a file or a server cannot control the terminal or
begin another line.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from gentrace.exceptions import printable


def print_line(text: str) -> None:
    """Print a line of the result; characters that the encoding lacks are escaped."""
    encoding = sys.stdout.encoding
    shown = printable(text).encode(encoding, "backslashreplace").decode(encoding)
    with naming_output():
        print(shown)  # noqa: T201 - the output of a command


def print_json(value: object) -> None:
    """Print a part of the result as one line of JSON."""
    print_line(json.dumps(value))


def warn(text: str) -> None:
    """Print a line that is not part of the result, on standard error if that can be written."""
    try:
        print(printable(text), file=sys.stderr, flush=True)  # noqa: T201 - likewise
    except BlockingIOError:
        pass  # a pipe without room: as far as the stream's buffer has some, it is written later
    except OSError:
        _discard(sys.stderr)


@contextmanager
def naming_output() -> Generator[None]:
    """Name standard output in the error of a write that fails."""
    try:
        yield
    except OSError as error:
        error.filename = "standard output"
        raise


@contextmanager
def flushing_output() -> Generator[None]:
    """Write at the end of the block what was printed."""
    try:
        yield
    finally:
        with naming_output():
            try:
                sys.stdout.flush()
            except OSError:
                _discard(sys.stdout)
                raise


def replace_closed_streams() -> None:
    """Discard what is printed to a standard stream that was closed; the exit code still holds."""
    for name in ("stdout", "stderr"):
        stream: TextIO | None = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - likewise


def _discard(stream: TextIO) -> None:
    """Discard what could not be written to a stream, and all that follows.

    Otherwise, the flush at the interpreter's exit fails, too, and sets another exit code.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
