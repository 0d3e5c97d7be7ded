"""What a command prints: its results for standard output, everything else for standard error."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO


def say(text: str) -> None:
    """Print a line of a command's result; what the output cannot carry is escaped."""
    encoding = sys.stdout.encoding
    shown = text.encode(encoding, "backslashreplace").decode(encoding)
    print(shown)  # noqa: T201 - a program's output


def say_json(value: object) -> None:
    """Print a result for a program: one JSON value on a line."""
    say(json.dumps(value))


def warn(text: str) -> None:
    """Print a line that is no result."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - likewise


def replace_closed_streams() -> None:
    """Print nowhere what goes to a stream that the caller closed; the exit code still says it."""
    for name in ("stdout", "stderr"):
        stream: TextIO | None = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - likewise
