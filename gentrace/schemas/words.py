"""Error messages: how they name and show a value."""

from __future__ import annotations

from reprlib import Repr

from gentrace.exceptions import SHOWN_KEY, ApiTypeError, printable
from gentrace.schemas.absent import Unset
from gentrace.schemas.lenient_conversions import safe_name, truncate

JSON_VALUE = "a JSON value"
"""How an error names the type of free-form content."""


def describe(value: object) -> str:
    """Return the type and the abbreviated `repr` of a value, for an error message."""
    if value is None:
        return "None"
    return f"{name_of(value)} {show(value)}"


def show(value: object) -> str:
    """Return the abbreviated `repr` of any value, on one line."""
    try:
        return printable(_short.repr(value))
    except Exception:  # noqa: BLE001 - its own code may raise anything
        return "that cannot be shown"


def name_of(value: object) -> str:
    """Return the name of a value's class, for an error message."""
    return printable(truncate(safe_name(value), SHOWN_KEY))


def mismatch(expected: str, value: object, remedy: str = "") -> ApiTypeError:
    """Build the error of a value of the wrong type; the caller raises it."""
    if not remedy:
        remedy = next(
            (hint for kinds, hint in _REMEDIES.items() if issubclass(type(value), kinds)),
            "make it text, a number, a list or a dict" if expected == JSON_VALUE else "",
        )
    return ApiTypeError(
        f"expected {expected}, got {describe(value)}{': ' if remedy else ''}{remedy}", ()
    )


_REMEDIES: dict[tuple[type, ...], str] = {
    (bytes, bytearray, memoryview): "decode it, or encode it as base64",
    (set, frozenset): "make it a list",
    (Unset,): "it only stands for an absent property",
}


class _Short(Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 60
        self.maxlevel = 2

    def repr_int(self, x: int, level: int) -> str:
        """Show a huge int by its size: converting it is slow, and the interpreter may refuse to."""
        digits = x.bit_length() * 30103 // 100000 + 1
        return repr(x) if digits < self.maxlong else f"of about {digits} digits"


_short = _Short()
