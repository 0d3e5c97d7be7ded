"""Validation of paths: of files and folders that must exist when they are set."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import cast

from gentrace.configuration.errors import refuse, refuse_type
from gentrace.configuration.texts import check_text


def check_path(name: str, value: object) -> str:
    """Return a path as a string; ApiTypeError or ApiValueError if it is not a path."""
    if not (isinstance(value, str) or hasattr(value, "__fspath__")):
        raise refuse(name, "a path or None", value, kind=True)
    if isinstance(value, str) and "-----BEGIN" in value:
        raise refuse_type(name, "the path of a file, not what stands in it", value)
    try:
        path = os.fspath(cast("str", value))
        is_valid = b"\0" not in os.fsencode(path) and bool(path)
    except Exception as error:  # `__fspath__` may raise anything
        raise refuse(name, "a path", value) from error
    if not is_valid:
        raise refuse(name, "a path", value)
    return check_text(name, path)


def check_existing(name: str, value: object, exists: Callable[[str], bool], expected: str) -> str:
    """Return a path for which `exists` is true."""
    path = check_path(name, value)
    if not exists(path):
        raise refuse(name, expected, value)
    return path


def check_file(name: str, value: object) -> str:
    """Return the path of a file that exists."""
    return check_existing(name, value, os.path.isfile, "a file that exists")


def check_folder(name: str, value: object) -> str:
    """Return the path of a folder that exists."""
    return check_existing(name, value, os.path.isdir, "a folder that exists")
