"""Printing: the results of a command on standard output, everything else on standard error.

Unprintable characters are escaped: text from a file or a server cannot control the terminal or
begin another line.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TextIO

from gentrace.exceptions import printable


def print_line(text: str) -> None:
    """Print a line of the result; characters that the encoding lacks are escaped."""
    encoding = sys.stdout.encoding
    shown = printable(text).encode(encoding, "backslashreplace").decode(encoding)
    print(shown)  # noqa: T201 - the output of a command


def print_json(value: object) -> None:
    """Print a part of the result as one line of JSON."""
    print_line(json.dumps(value))


def warn(text: str) -> None:
    """Print a line that is not part of the result, on standard error."""
    print(printable(text), file=sys.stderr, flush=True)  # noqa: T201 - likewise


def replace_closed_streams() -> None:
    """Discard what is printed to a standard stream that was closed; the exit code still holds."""
    for name in ("stdout", "stderr"):
        stream: TextIO | None = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - likewise
