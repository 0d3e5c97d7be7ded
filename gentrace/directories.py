"""Paths below the working directory, and directories that others cannot read."""

from __future__ import annotations

import errno
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


def make_private(directory: Path) -> None:
    """Make a directory, if it is missing, with those above it: each for this user only.

    Raises:
        OSError: it cannot be made, or is a file.

    """
    try:
        directory.mkdir(PRIVATE, exist_ok=True)
    except FileNotFoundError:  # `parents=True` would make those above it with the usual mode
        make_private(directory.parent)
        directory.mkdir(PRIVATE, exist_ok=True)


PRIVATE = 0o700
"""The mode of such a directory."""
