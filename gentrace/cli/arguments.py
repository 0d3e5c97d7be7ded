"""Checks of arguments that several commands take: each names the option as it is typed."""

from __future__ import annotations

import argparse
from math import inf
from pathlib import Path
from typing import Final

from gentrace.configuration import Configuration, check_host, refuse
from gentrace.schemas.dates import DATE_TIME_WORDS, is_date_time

SCHEDULER: Final = "tcp://127.0.0.1:8786"
"""An address of a Dask scheduler, as an example."""


def file_name(text: str) -> str:
    """Return the name of a file; an empty one, such as from an unset variable, is an error."""
    _refuse_empty(text, "the name of a file")
    if Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"expected the name of a file, got the directory {text!r}")
    return text


def directory(text: str) -> Path:
    """Return the path of a directory; an empty one would be the current directory."""
    return Path(_refuse_empty(text, "the name of a directory"))


def property_name(text: str) -> str:
    """Return the name of a property of a run."""
    return _refuse_empty(text, "the name of a property")


def scheduler_address(text: str) -> str:
    """Return the address of a Dask scheduler."""
    return _refuse_empty(text, f"an address, such as {SCHEDULER}")


def run_id(text: str) -> str:
    """Return the id of a run."""
    return _refuse_empty(text, "the id of a run")


def configure(host: str | None) -> Configuration:
    """Return a configuration for the server that `--host` names, None for the environment's."""
    return Configuration(None if host is None else check_host("--host", host))


def check_date_time(option: str, value: object) -> None:
    """Refuse a text that is no date and time."""
    if isinstance(value, str) and not is_date_time(value):
        raise refuse(option, f"{DATE_TIME_WORDS}, such as 2023-05-04T09:30:00Z", value)


def check_milliseconds(option: str, value: object) -> None:
    """Refuse a number that is no length of time."""
    if isinstance(value, float) and not 0 <= value < inf:
        raise refuse(option, "a number of milliseconds from 0, such as 1250.5", value)


def _refuse_empty(text: str, expected: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError(f"expected {expected}, got an empty one")
    return text
