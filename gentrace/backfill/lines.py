"""Reading JSON Lines files, plain or gzip, one line at a time."""

from __future__ import annotations

import gzip
import os
import sys
import zlib
from collections.abc import Callable, Generator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Final, TextIO, cast

STANDARD_INPUT: Final = "-"
MAX_LINE: Final = 64 * 2**20
"""The maximum length of a line, in bytes: that of a body for a local server."""

GZIP: Final = b"\x1f\x8b"
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
CHUNK_SIZE: Final = 2**20


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file that is not blank.

    Attributes:
        source: name of the file.
        number: its number, from 1; blank lines count.
        content: its bytes, stripped; None if the line is longer than MAX_LINE.

    """

    source: str
    number: int
    content: bytes | None


def read_lines(source: str, on_read: Callable[[int], object] | None = None) -> Generator[Line]:
    """Read the lines of a file; only one is in memory at a time.

    Args:
        source: name of a file, plain or gzip; ``-`` is standard input.
        on_read: is called after each line with the bytes of the file that were read since the
            last call; not for a pipe.

    Raises:
        OSError: it cannot be read, or is damaged.

    """
    with ExitStack() as stack:
        if source == STANDARD_INPUT:
            file = _standard_input()
        else:
            file = stack.enter_context(Path(source).open("rb"))
        decompressed: BufferedReader | gzip.GzipFile = file
        position = 0
        try:
            if file.peek(len(GZIP))[: len(GZIP)] == GZIP:
                decompressed = stack.enter_context(gzip.GzipFile(fileobj=file))
            for line in _split(source, decompressed):
                yield line
                if on_read is not None and file.seekable():
                    on_read(file.tell() - position)
                    position = file.tell()
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise OSError(f"{source}: the gzip file is damaged: {error}") from error
        except OSError as error:
            raise OSError(f"{source}: cannot be read: {error.strerror}") from error


def _standard_input() -> BufferedReader:
    stream: TextIO | None = sys.stdin
    if stream is None:  # the parent process closed it
        raise OSError(f"{STANDARD_INPUT}: the standard input is closed")
    # Else a read takes a moment without data for the end of the file.
    with suppress(OSError, AttributeError):  # a program may replace it; older Windows cannot
        os.set_blocking(stream.fileno(), True)
    return cast("BufferedReader", stream.buffer)


def _split(source: str, file: BufferedReader | gzip.GzipFile) -> Generator[Line]:
    number = 0
    while line := file.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE and not line.endswith(b"\n"):
            while (chunk := file.readline(CHUNK_SIZE)) and not chunk.endswith(b"\n"):
                pass
            yield Line(source, number, None)
        elif content := strip_line(number, line):
            yield Line(source, number, content)


def strip_line(number: int, line: bytes) -> bytes:
    """Return a line without the blanks around it, and the first one without a byte order mark."""
    return line.removeprefix(BYTE_ORDER_MARK if number == 1 else b"").strip()
