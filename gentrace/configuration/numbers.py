"""Validation of numbers, flags, time-outs, retries and socket options."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from threading import TIMEOUT_MAX
from typing import Any, TypeGuard

from gentrace.configuration.errors import is_instance_by_name, refuse

Seconds = float
TimeoutSetting = Seconds | tuple[Seconds, Seconds] | tuple[Seconds, Seconds, Seconds]

DEFAULT_TIMEOUT = (5.0, 30.0, 60.0)
"""Seconds to connect, for one read or write, and for the whole call."""

INT_BOUND = 2**31
"""Numbers from here on do not fit into a C int."""


MAX_CONNECTIONS = 65_535
"""The most connections to one host: TCP has no more ports."""


def check_flag(name: str, value: object) -> bool:
    """Return a bool; ApiTypeError if it is anything else."""
    if not isinstance(value, bool):
        raise refuse(name, "True or False", value, kind=True)
    return value


def check_integer(name: str, value: object, expected: str, least: int, most: float = inf) -> int:
    """Return an integer from `least` to `most`; ApiTypeError or ApiValueError if it is not one."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise refuse(name, expected, value, kind=True)
    if not least <= value <= most:
        raise refuse(name, expected, value)
    return value


def check_positive(name: str, value: object) -> int:
    """Return a positive integer; ApiTypeError or ApiValueError if it is not one."""
    return check_integer(name, value, "a whole number above 0", 1)


def check_connections(name: str, value: object) -> int:
    """Return a number of connections; ApiTypeError or ApiValueError if it is not one."""
    expected = f"a whole number from 1 to {MAX_CONNECTIONS}"
    return check_integer(name, value, expected, 1, MAX_CONNECTIONS)


def check_seconds(name: str, value: object, *, infinite: bool = False) -> float:
    """Return a number of seconds from 0; at most those that a lock can wait, some 300 years.

    Raises:
        ApiTypeError: not a number.
        ApiValueError: below 0, NaN, or infinite unless `infinite` allows that.

    """
    expected = "a number of seconds, from 0"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise refuse(name, expected, value, kind=True)
    if not 0 <= value < inf and not (infinite and value == inf):
        raise refuse(name, expected, value)
    return float(min(value, TIMEOUT_MAX))


def check_timeout(name: str, value: object) -> TimeoutSetting:
    """Return a time-out: a number of seconds, or a tuple of two or three.

    Raises:
        ApiTypeError: neither a number nor a tuple of two or three numbers.
        ApiValueError: a number that is not positive and finite.

    """
    expected = (
        "seconds above 0: a number for the whole call, (connect, read) or (connect, read, total)"
    )
    parts: tuple[Any, ...] = tuple(value) if is_array(value) else (value,)
    are_numbers = all(isinstance(n, (int, float)) and not isinstance(n, bool) for n in parts)
    if not are_numbers or (is_array(value) and len(parts) not in {2, 3}):
        raise refuse(name, expected, value, kind=True)
    if not all(0 < part < inf for part in parts):
        raise refuse(name, expected, value)
    return parts if is_array(value) else parts[0]


def split_timeout(
    setting: TimeoutSetting, total: Seconds = DEFAULT_TIMEOUT[2]
) -> tuple[Seconds, Seconds, Seconds]:
    """Return a time-out as connect, read and total.

    Without a total of its own, a call may take `total`, or connect and read together if that is
    longer.
    """
    connect, read = (setting, setting) if isinstance(setting, (int, float)) else setting[:2]
    own_total = find_total(setting)
    return connect, read, max(total, connect + read) if own_total is None else own_total


def find_total(setting: TimeoutSetting) -> Seconds | None:
    """Return the total of a time-out; None for a pair, which has none."""
    if isinstance(setting, (int, float)):
        return setting
    return setting[2] if len(setting) > 2 else None  # noqa: PLR2004


def check_retries(name: str, value: object) -> object:
    """Return a number of retries, False, or a `urllib3.Retry`."""
    expected = "a number of retries from 0, False for none, None for the default, or urllib3.Retry"
    if value is False or is_instance_by_name(value, "urllib3.util.retry", "Retry"):
        return value
    return check_integer(name, value, expected, 0)


def check_socket_options(name: str, value: object) -> tuple[tuple[Any, ...], ...]:
    """Return socket options, each a tuple of arguments of `socket.setsockopt`."""
    if not is_array(value) or not all(map(_is_socket_option, value)):
        expected = "tuples of (level, option, value), as socket.setsockopt takes them"
        raise refuse(name, expected, value, kind=True)
    return tuple(map(tuple, value))


def _is_socket_option(option: object) -> bool:
    if not is_array(option) or len(option) != 3:  # noqa: PLR2004 - level, option, value
        return False
    numbers = option[:2] if isinstance(option[2], bytes) else option
    return all(isinstance(part, int) and abs(part) < INT_BOUND for part in numbers)


def is_array(value: object) -> TypeGuard[Sequence[Any]]:
    """Tell whether a value is a list or a tuple."""
    return isinstance(value, (list, tuple))
