"""Lines of files in the form JSON Lines, plain or gzip, one at a time."""

from __future__ import annotations

import gzip
import sys
import zlib
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, TextIO, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from io import BufferedReader

STANDARD_INPUT: Final = "-"
MAX_LINE: Final = 64 * 2**20
"""How many bytes one line may have, as many as a local server takes in one body."""

GZIP: Final = b"\x1f\x8b"
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
PIECE: Final = 2**20


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file that is not blank.

    Attributes:
        source: name of the file.
        number: its number, from 1; blank lines count.
        content: its bytes without blanks at the ends; None where it is longer than MAX_LINE.

    """

    source: str
    number: int
    content: bytes | None


def read_lines(source: str, on_read: Callable[[int], object] | None = None) -> Generator[Line]:
    """Read the lines of a file; no more than one is held.

    Args:
        source: name of a file, plain or gzip; ``-`` is standard input.
        on_read: is called with how many bytes of the file were read since the last call, once
            a line is done with; not for a pipe.

    Raises:
        OSError: it cannot be read, or is damaged.

    """
    with ExitStack() as stack:
        if source == STANDARD_INPUT:
            file = _standard_input()
        else:
            file = stack.enter_context(Path(source).open("rb"))
        text: BinaryIO = file
        if file.peek(len(GZIP))[: len(GZIP)] == GZIP:
            text = cast("BinaryIO", stack.enter_context(gzip.GzipFile(fileobj=file)))
        position = 0
        try:
            for line in _split(source, text):
                yield line
                if on_read is not None and file.seekable():
                    on_read(file.tell() - position)
                    position = file.tell()
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise OSError(f"{source}: the gzip file is damaged: {error}") from error


def _standard_input() -> BufferedReader:
    given: TextIO | None = sys.stdin
    if given is None:  # the caller closed it
        raise OSError(f"{STANDARD_INPUT}: the standard input is closed")
    return cast("BufferedReader", given.buffer)


def _split(source: str, text: BinaryIO) -> Generator[Line]:
    number = 0
    while line := text.readline(MAX_LINE + 1):
        number += 1
        if number == 1:
            line = line.removeprefix(BYTE_ORDER_MARK)
        if len(line) > MAX_LINE and not line.endswith(b"\n"):
            while (rest := text.readline(PIECE)) and not rest.endswith(b"\n"):
                pass
            yield Line(source, number, None)
        elif content := line.strip():
            yield Line(source, number, content)
