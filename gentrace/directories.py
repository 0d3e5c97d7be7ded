"""Paths below the working directory, and directories and files that others cannot read."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike


def absolute(path: str | PathLike[str]) -> Path:
    """Return a path as one that does not depend on the working directory.

    Raises:
        FileNotFoundError: it is relative, and the working directory was removed.

    """
    try:
        return Path(path).absolute()
    except FileNotFoundError as error:
        reason = "the working directory was removed; give an absolute path"
        raise FileNotFoundError(errno.ENOENT, reason, str(path)) from error


def make_private_directory(directory: Path) -> None:
    """Make a directory, if it is missing, with those above it: each for this user only.

    Raises:
        OSError: it cannot be made, or is a file.

    """
    try:
        directory.mkdir(PRIVATE, exist_ok=True)
    except FileNotFoundError:  # `parents=True` would make those above it with the usual mode
        make_private_directory(directory.parent)
        directory.mkdir(PRIVATE, exist_ok=True)


def make_private_file(path: Path) -> None:
    """Make an empty file for this user only, unless there is one.

    Raises:
        OSError: it cannot be made.

    """
    # O_EXCL: no other process can put a file or a link there between a check and the creation.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


PRIVATE = 0o700
"""The mode of such a directory."""
