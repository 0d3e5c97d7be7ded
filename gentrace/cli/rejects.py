"""Writing the rejected lines: to standard error, or to a file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self, TextIO

from gentrace.backfill.lines import STANDARD_INPUT
from gentrace.directories import absolute

if TYPE_CHECKING:
    from gentrace.backfill.result import Reject


class RejectsFile:
    """Writes rejected lines.

    Args:
        path: the file, overwritten if it exists; None prints a line for each.
        warn: prints such a line on standard error.

    Raises:
        OSError: the file cannot be written; methods raise it, too.

    """

    def __init__(self, path: str | None, warn: Callable[[str], None]) -> None:
        self._path = path
        self._warn = warn
        self._file: TextIO | None = None
        if path is not None:
            # Line buffering: the next reject may come much later.
            try:
                self._file = open(  # noqa: SIM115 - a Path takes no opener; closed below
                    path, "w", 1, encoding="utf-8", opener=_open_private
                )
            except OSError as error:
                raise OSError(f"--rejects: {path}: {error.strerror}") from error

    def write(self, reject: Reject) -> None:
        """Write one rejected line."""
        line = reject.line
        if self._file is None:
            self._warn(f"{line.source}:{line.number}: {reject.reason}")
            return
        content = None if line.content is None else line.content.decode("utf-8", "replace")
        entry = {
            "file": line.source,
            "line": line.number,
            "error": reject.reason,
            "content": content,
        }
        with self._add_file_name():
            self._file.write(f"{json.dumps(entry)}\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            with self._add_file_name():
                self._file.close()

    @contextmanager
    def _add_file_name(self) -> Generator[None]:
        """Add the name of the file to an error of writing it, such as a full disk."""
        try:
            yield
        except OSError as error:
            raise OSError(f"{self._path}: cannot be written: {error.strerror}") from error


def _open_private(path: str, flags: int) -> int:
    """Open a file; a new one is accessible to this user only, as runs may hold prompts."""
    return os.open(path, flags, 0o600)


def find_overwritten(path: str, others: Iterable[str]) -> str | None:
    """Return the first of some files that a file for rejects would overwrite, None for none.

    Args:
        path: where rejects are to be written.
        others: names of files; ``-`` is the standard input.

    """
    return next((other for other in others if _is_same(Path(path), _path_of(other))), None)


def _path_of(file: str) -> Path:
    return Path("/dev/stdin" if file == STANDARD_INPUT else file)


def _is_same(one: Path, other: Path) -> bool:
    if one.exists():
        # Devices, such as a terminal or /dev/null, may be read and written.
        return other.is_file() and one.samefile(other)
    return absolute(one).resolve() == absolute(other).resolve()
