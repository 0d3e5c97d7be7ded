"""The lines that were refused: on standard error, or in a file."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from gentrace.backfill.lines import STANDARD_INPUT

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from types import TracebackType
    from typing import Self

    from gentrace.backfill.result import Reject


class RejectsFile:
    """Takes rejects one by one.

    Args:
        path: file for them, written anew; None has each said in a line.
        warn: says such a line on standard error.

    Raises:
        OSError: the file cannot be written; methods raise it, too.

    """

    def __init__(self, path: str | None, warn: Callable[[str], None]) -> None:
        self._path = path
        self._warn = warn
        self._file: TextIO | None = None
        if path is not None:
            # Each line at once: the next may be long in coming.
            try:
                self._file = Path(path).open("w", 1, encoding="utf-8")  # noqa: SIM115 - this is one
            except OSError as error:
                raise OSError(f"--rejects: {path}: {error.strerror}") from error

    def write(self, reject: Reject) -> None:
        """Take one."""
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
        with self._naming():
            self._file.write(f"{json.dumps(entry)}\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            with self._naming():
                self._file.close()

    @contextmanager
    def _naming(self) -> Generator[None]:
        """Name the file where it cannot be written, such as on a full disk."""
        try:
            yield
        except OSError as error:
            raise OSError(f"{self._path}: cannot be written: {error.strerror}") from error


def find_overwritten(path: str, others: Iterable[str]) -> str | None:
    """Return the one of some files that a file for rejects would overwrite, None if it is another.

    Args:
        path: where rejects are to be written.
        others: names of files; ``-`` is the standard input.

    """
    return next((other for other in others if _is_same(Path(path), _path_of(other))), None)


def _path_of(file: str) -> Path:
    return Path("/dev/stdin" if file == STANDARD_INPUT else file)


def _is_same(one: Path, other: Path) -> bool:
    if one.exists():
        # A terminal or /dev/null may well be both.
        return one.is_file() and other.is_file() and one.samefile(other)
    return one.resolve() == other.resolve()
