"""Any Python value as JSON, for recording: nothing is refused.

The fast path is for values that `spend_budget` accepts: a JSON encoder writes them at once, with a
hook for scalars such as dates. The slow path converts value by value, within budgets.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import islice
from json import loads
from math import isfinite
from typing import Any

from gentrace.schemas.builtin_types import Dict, type_of
from gentrace.schemas.json_precheck import spend_budget
from gentrace.schemas.json_text import Dumps, compact_encoder, encode
from gentrace.schemas.lenient_conversions import (
    convert_once,
    convert_scalar,
    float_text,
    is_enum,
    is_scalar,
    safe_name,
)
from gentrace.schemas.rules import INTEGER_BOUND, MAX_DEPTH
from gentrace.schemas.user_code import run_user_code
from gentrace.schemas.words import describe

MAX_VALUES = 100_000
"""How many values one conversion reads."""

MAX_BYTES = 4 * 2**20
"""The byte budget of the JSON text of one conversion; the note on truncation comes on top."""

BEYOND_MAX_BYTES = {"truncated": f"beyond {MAX_BYTES // 2**20} MiB"}
"""Replaces what the byte budget has no room for."""

ELLIPSIS = "…"
"""Replaces a container that contains itself, or is nested too deeply."""


def to_json_value(value: object) -> Any:
    """Return the JSON value of any Python value; it refuses nothing and raises nothing.

    Lists, tuples, dicts and their views, sets, deques and ranges are walked. bytes become base64,
    dates, paths, Decimals and UUIDs text, exceptions ``TypeName: message``, pydantic models their
    JSON form, dataclasses, attrs and msgspec objects their fields, enums their values, arrays
    of up to 10,000 elements lists. Anything else becomes its `repr`, cut at 1,000 characters, or
    the name of its class if its own code raises. What is beyond 100,000 values or 4 MiB becomes
    ``{"truncated": …}``; what contains itself, or is nested deeper than 200 levels, ``"…"``.

    Returns:
        A str, int, float, bool, None, or a new list or dict of these. The strict call accepts a
        dict as content, and anything else as a property of it: one of the 200 levels is left for
        that.

    """
    try:
        return loads(encode_json_value(value))
    except RecursionError:  # no stack is left
        return ELLIPSIS


def encode_json_value(value: Any, dumps: Dumps | None = None) -> bytes:
    """Return `to_json_value` of a value as compact JSON in UTF-8.

    Args:
        value: any value.
        dumps: a faster encoder, as `find_encoder` returns it; None for the standard library's.

    """
    foreign: list[object] = []
    try:
        # A value that is not an object is sent inside of one.
        container = value if type_of(value) is dict else (value,)
        left = spend_budget(container, MAX_BYTES, 1, foreign)
        if left >= 0:
            text = (_encode_with_hook if foreign or dumps is None else dumps)(value)
            if len(text) <= MAX_BYTES:
                return text
    except Exception:  # noqa: BLE001, S110 - the encoder refused, or user code raised
        pass
    depth = 1 if issubclass(type_of(value), dict) else 2
    try:
        return encode(_Conversion().convert(value, depth), dumps)
    except Exception:  # noqa: BLE001 - no stack or no memory is left
        return b'"%b"' % ELLIPSIS.encode()


def without_lone_surrogates(text: str) -> str:
    """Return a text with U+FFFD in place of lone surrogates, which UTF-8 cannot encode."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _encode_with_hook(value: object) -> bytes:
    return _encoder.encode(value).encode()


def _encode_scalar(value: object) -> Any:
    """Return the JSON value of a scalar; a TypeError makes the encoder refuse anything else."""
    if not is_scalar(value):
        raise TypeError
    return run_user_code(convert_scalar, value)


_encoder = compact_encoder(default=_encode_scalar)


class _Conversion:
    """One conversion, value by value, with its budgets of values and bytes."""

    def __init__(self) -> None:
        self._values_left = MAX_VALUES
        self._bytes_left = MAX_BYTES
        self._enclosing: set[int] = set()
        """The ids of the containers and objects that enclose the current value, to find cycles."""

    def convert(self, value: Any, depth: int) -> Any:
        """Return the JSON value of a value; `depth` is its nesting level, from 1 on."""
        self._values_left -= 1
        entered: list[object] = []  # kept alive, so that no other object gets one of their ids
        try:
            for _ in range(MAX_DEPTH):
                kind = type_of(value)
                # Compared one by one: `in` would call the `==` of a metaclass.
                if kind is str or kind is int or kind is float or kind is bool or value is None:
                    return self._convert_leaf(value)
                if is_scalar(value):
                    value = _convert_once_or_name(value)
                    continue
                if id(value) in self._enclosing or depth > MAX_DEPTH:
                    return ELLIPSIS
                self._enclosing.add(id(value))
                entered.append(value)
                if issubclass(kind, _WALKED) and not is_enum(value):
                    return self._convert_container(value, depth)
                value = _convert_once_or_name(value)
        except RecursionError:
            return ELLIPSIS
        else:
            return ELLIPSIS  # converting it never ends
        finally:
            self._enclosing.difference_update(map(id, entered))

    def _convert_leaf(self, value: Any) -> Any:
        kind = type_of(value)
        if kind is float and not isfinite(value):
            value = float_text(value)
        elif kind is int and not -INTEGER_BOUND < value < INTEGER_BOUND:
            value = describe(value)
        elif kind is str:
            value = self._clean(value)
        return value if self._spend_bytes(value) else self._truncated()

    def _clean(self, text: str) -> str:
        """Replace lone surrogates in a text, unless it is too long anyway."""
        return without_lone_surrogates(text) if len(text) < self._bytes_left else text

    def _spend_bytes(self, leaf: Any) -> bool:
        """Charge a leaf or key to the byte budget; tells whether it still fits."""
        size = MAX_BYTES + 1  # of a text that cannot fit, without encoding it
        if type_of(leaf) is not str or len(leaf) < self._bytes_left:
            size = len(_encoder.encode(leaf).encode()) + 1
        self._bytes_left -= size
        return self._bytes_left >= 0

    def _convert_container(self, value: Any, depth: int) -> Any:
        """Convert a built-in container; what a subclass overrides is ignored."""
        if issubclass(type_of(value), dict):
            return self._convert_object(value, depth)
        (base, *_) = [base for base in _ITERATED if issubclass(type_of(value), base)]
        return self._convert_array(base.__iter__(value), depth)

    def _convert_object(self, value: dict[Any, Any], depth: int) -> dict[str, Any]:
        converted: dict[str, Any] = {}
        for key, item in list(islice(Dict.items(value), self._item_limit())):
            if self._is_exhausted():
                return converted | self._truncated()
            text = self._clean(_key_text(key))
            if not self._spend_bytes(text):
                return converted | self._truncated()
            converted[text] = self.convert(item, depth + 1)
        return converted

    def _convert_array(self, items: Iterable[Any], depth: int) -> list[Any]:
        converted: list[Any] = []
        for item in list(islice(items, self._item_limit())):
            if self._is_exhausted():
                return [*converted, self._truncated()]
            converted.append(self.convert(item, depth + 1))
        return converted

    def _item_limit(self) -> int:
        """Return how many items of a container to copy: one more than may be converted.

        Callers copy the items at once, as another thread may change the container meanwhile.
        """
        return self._values_left + 1

    def _is_exhausted(self) -> bool:
        return self._values_left <= 0 or self._bytes_left <= 0

    def _truncated(self) -> dict[str, str]:
        if self._bytes_left <= 0:
            return BEYOND_MAX_BYTES
        return {"truncated": f"beyond {MAX_VALUES:,} values"}


_empty: dict[Any, Any] = {}
_VIEWS = tuple(map(type_of, (_empty.keys(), _empty.values(), _empty.items())))

_ITERATED: tuple[Any, ...] = (list, tuple, set, frozenset, deque, range, *_VIEWS)
_WALKED = (dict, *_ITERATED)
"""The containers whose items are converted."""


def _convert_once_or_name(value: object) -> Any:
    """Convert a value one step; return the name of its class if user code raises."""
    try:
        return run_user_code(convert_once, value)
    except Exception:  # noqa: BLE001 - user code may raise anything
        return safe_name(value)


def _key_text(key: Any) -> str:
    """Return a key as `json.dumps` writes it; the `str` of a key that it refuses."""
    if key is None or key is True or key is False:
        return {None: "null", True: "true", False: "false"}[key]
    try:
        kind = type_of(key)
        if issubclass(kind, str):
            return str.__str__(key)
        if issubclass(kind, int):
            return int.__repr__(key)
        if issubclass(kind, float):
            return float_text(key)
        return str.__str__(run_user_code(str, key))
    except Exception:  # noqa: BLE001 - user code may raise anything
        return safe_name(key)
