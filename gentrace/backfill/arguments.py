"""Checks of the arguments of `send_lines` and `send_bag`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any, cast

from gentrace.configuration import (
    Configuration,
    check_instance,
    check_text,
    hide_arguments,
    refuse,
)
from gentrace.configuration.files import check_path

MAX_INTERVAL = 1e9
"""Seconds, some thirty years; `time.sleep` refuses much longer ones."""


@hide_arguments
def check_configuration(value: object) -> Configuration:
    """Return a configuration: for None, a copy of the default one."""
    if value is None:
        return Configuration.get_default_copy()
    expected = "a gentrace.Configuration or None"
    return check_instance("configuration", value, Configuration, expected)


def check_lines(value: Any) -> Iterator[object]:
    """Return an iterator over lines; a string or a single run is an error."""
    expected = "lines to iterate over, such as an open file"
    if isinstance(value, (str, bytes, bytearray, Mapping)):
        raise refuse("lines", expected, cast("object", value), kind=True)
    try:
        return iter(value)
    except TypeError:
        raise refuse("lines", expected, value, kind=True) from None


def check_line(number: int, value: object) -> str | bytes:
    """Return a line."""
    if not isinstance(value, (str, bytes)):
        expected = "JSON as str or bytes, such as json.dumps(run)"
        raise refuse(f"lines: line {number}", expected, value, kind=True)
    return value


def check_rate(value: object, name: str = "rate") -> float:
    """Return the minimum interval between two runs, in seconds, for a rate per second."""
    expected = "runs a second, above 0, or None"
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise refuse(name, expected, value, kind=True)
    if not value > 0:
        raise refuse(name, expected, value)
    return min(1 / value, MAX_INTERVAL)


def check_key(value: object) -> str | None:
    """Return the name of a property, or None."""
    expected = "a property's name or None"
    if value is None:
        return None
    if not (name := check_text("key", value, expected)):
        raise refuse("key", expected, value)
    return name


def check_state(value: object) -> str | None:
    """Return the path of a file, or None."""
    return None if value is None else check_path("state", value)


def check_callback(name: str, value: object) -> None:
    """Raise ApiTypeError for what is neither callable nor None."""
    if value is not None and not callable(value):
        raise refuse(name, "a callable or None", value, kind=True)


def check_bag(value: object) -> None:
    """Raise ApiTypeError for what is no Dask bag; for a bag, that module is already loaded."""
    module: Any = sys.modules.get("dask.bag")
    if module is None or not isinstance(value, module.Bag):
        raise refuse("bag", "a dask.bag.Bag", value, kind=True)
