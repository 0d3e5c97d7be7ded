"""Time-outs: of a whole call, of one operation of it, or of both."""

from __future__ import annotations

from math import inf
from typing import Any

from gentrace.configuration.numbers import is_array
from gentrace.configuration.refusals import refuse

Seconds = float
TimeoutSetting = Seconds | tuple[Seconds, Seconds] | tuple[Seconds, Seconds, Seconds]


def check_timeout(name: str, value: object) -> TimeoutSetting:
    """Return a time-out: a number of seconds, or a tuple of two or three.

    Raises:
        ApiTypeError: neither a number nor a tuple of two or three.
        ApiValueError: a number that is not above 0 and finite.

    """
    expected = (
        "seconds above 0: a number for the whole call, (connect, read) or (connect, read, total)"
    )
    several = is_array(value)
    parts: tuple[Any, ...] = tuple(value) if is_array(value) else (value,)
    if several and len(parts) not in {2, 3}:
        raise refuse(name, expected, value, kind=True)
    for part in parts:
        if isinstance(part, bool) or not isinstance(part, (int, float)):
            raise refuse(name, expected, value, kind=True)
        if not 0 < part < inf:
            raise refuse(name, expected, value)
    return parts if several else parts[0]
