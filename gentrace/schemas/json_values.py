"""Any Python value as JSON, for recording: what JSON does not have is described, never refused.

Most values are such as JSON has. A quick look finds that, and the JSON encoder writes them, with a
hook for single values such as dates; what these two refuse is converted one value after the other.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from json import JSONEncoder, loads
from math import isfinite
from typing import TYPE_CHECKING, Any, cast

from gentrace.schemas.json_forms import (
    class_of,
    form_of,
    form_of_single,
    is_enum,
    is_single,
    safe_name,
    text_of_float,
)
from gentrace.schemas.json_look import look_at
from gentrace.schemas.json_text import encode
from gentrace.schemas.own_code import run_own_code
from gentrace.schemas.rules import MAX_DEPTH, MAX_DIGITS
from gentrace.schemas.words import describe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gentrace.schemas.json_text import Dumps

MAX_VALUES = 100_000
"""How many values a conversion reads."""

MAX_BYTES = 4 * 2**20
"""How large the JSON text of a conversion gets, but for what says that it was cut."""

CUT = "…"
"""Stands for what contains itself or is nested too deeply."""


def to_json_value(value: object) -> Any:
    """Return the JSON value of any Python value; nothing is refused and nothing raises.

    Lists, tuples, dicts and their views, sets, deques and ranges are walked. bytes become base64,
    dates, paths, Decimals and UUIDs text, exceptions ``TypeName: message``, pydantic models their
    JSON form, dataclasses, attrs and msgspec objects their fields, enums their values, arrays
    of up to 10,000 elements lists. Anything else becomes its `repr`, cut at 1,000 characters, or
    the name of its class where its own code raises. What is beyond 100,000 values or 4 MiB becomes
    ``{"truncated": …}``; what contains itself, or is nested deeper than 200 levels, ``"…"``.

    Returns:
        A str, int, float, bool, None, or a new list or dict of such, which the strict call takes: a
        dict as content, anything else as a property of it, for which one level of the 200 is left.

    """
    try:
        return loads(encode_json_value(value))
    except RecursionError:  # no stack is left
        return CUT


def encode_json_value(value: object, dumps: Dumps | None = None) -> bytes:
    """Return `to_json_value` of a value as compact JSON in UTF-8.

    Args:
        value: any value.
        dumps: a faster encoder, as `find_encoder` returns it; None for the standard library's.

    """
    # What is no object stands in one where it is sent.
    depth = 1 if issubclass(class_of(value), dict) else 2
    try:
        verdict = look_at(value, MAX_BYTES, depth)
        if verdict is not False:
            fast = dumps if verdict and dumps is not None else _encode_with_hook
            text = fast(value)
            if len(text) <= MAX_BYTES:
                return text
    except Exception:  # noqa: BLE001, S110 - the encoder's refusal, or what a value's code raises
        pass
    try:
        return encode(_Conversion().convert(value, depth), dumps)
    except Exception:  # noqa: BLE001 - no stack or no memory is left
        return b'"%b"' % CUT.encode()


def without_lone_surrogates(text: str) -> str:
    """Return a text that UTF-8 can carry, with U+FFFD in place of lone surrogates."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _encode_with_hook(value: object) -> bytes:
    return _encoder.encode(value).encode()


def _encode_single(value: object) -> Any:
    """Return the form of a value that holds no others; a TypeError makes the encoder refuse."""
    if not is_single(value):
        raise TypeError
    return run_own_code(form_of_single, value)


_encoder = JSONEncoder(
    ensure_ascii=False,
    allow_nan=False,
    check_circular=False,
    separators=(",", ":"),
    default=_encode_single,
)


class _Conversion:
    """One conversion, value by value, with how much it may still read and write."""

    def __init__(self) -> None:
        self._values_left = MAX_VALUES
        self._bytes_left = MAX_BYTES
        self._around: set[int] = set()
        """The identities of the containers and objects around the value that is converted."""

    def convert(self, value: Any, depth: int) -> Any:
        """Return the JSON value of a value; `depth` counts the containers around it, and itself."""
        self._values_left -= 1
        passed: list[object] = []  # kept alive, so that no other object gets an identity of theirs
        try:
            for _ in range(MAX_DEPTH):
                if class_of(value) in _LEAVES:
                    return self._convert_leaf(value)
                if is_single(value):
                    value = _form_or_name(value)
                    continue
                if id(value) in self._around or depth > MAX_DEPTH:
                    return CUT
                self._around.add(id(value))
                passed.append(value)
                items = _items_of(value)
                if items is value:
                    return self._convert_object(cast("dict[Any, Any]", value), depth)
                if items is not None:
                    return self._convert_array(items, depth)
                value = _form_or_name(value)
        except RecursionError:
            return CUT
        else:
            return CUT  # whose forms never end
        finally:
            self._around.difference_update(map(id, passed))

    def _convert_leaf(self, value: Any) -> Any:
        kind = class_of(value)
        if kind is float and not isfinite(value):
            value = text_of_float(value)
        elif kind is int and not _is_writable(value):
            value = describe(value)
        elif kind is str:
            value = without_lone_surrogates(value)
        return value if self._has_room_for(value) else self._truncated()

    def _has_room_for(self, leaf: Any) -> bool:
        """Tell whether a leaf or a key may still be written, and count it."""
        size = MAX_BYTES + 1
        if class_of(leaf) is not str or len(leaf) < self._bytes_left:
            size = len(_encoder.encode(leaf).encode()) + 1
        self._bytes_left -= size
        return self._bytes_left >= 0

    def _convert_object(self, value: dict[Any, Any], depth: int) -> dict[str, Any]:
        converted: dict[str, Any] = {}
        for key, item in list(islice(_Dict.items(value), self._limit())):
            if self._is_used_up():
                return converted | self._truncated()
            text = without_lone_surrogates(_text_of_key(key))
            if not self._has_room_for(text):
                return converted | self._truncated()
            converted[text] = self.convert(item, depth + 1)
        return converted

    def _convert_array(self, items: Iterable[Any], depth: int) -> list[Any]:
        converted: list[Any] = []
        for item in list(islice(items, self._limit())):
            if self._is_used_up():
                return [*converted, self._truncated()]
            converted.append(self.convert(item, depth + 1))
        return converted

    def _limit(self) -> int:
        """Return how many items are taken of a container: one more than may be converted.

        They are taken all at once, as another thread may change it while this one goes on.
        """
        return max(self._values_left, 0) + 1

    def _is_used_up(self) -> bool:
        return self._values_left <= 0 or self._bytes_left <= 0

    def _truncated(self) -> dict[str, str]:
        if self._bytes_left <= 0:
            return {"truncated": f"beyond {MAX_BYTES // 2**20} MiB"}
        return {"truncated": f"beyond {MAX_VALUES:,} values"}


_LEAVES: tuple[type, ...] = (str, int, float, bool, type(None))  # a set would ask for a hash
_INTEGER_BOUND = 10**MAX_DIGITS


def _is_writable(value: int) -> bool:
    """Tell whether an integer has no more digits than JSON and this interpreter take."""
    try:
        return -_INTEGER_BOUND < value < _INTEGER_BOUND and bool(str(value))
    except ValueError:
        return False


_Dict: type[dict[Any, Any]] = dict
_empty: dict[Any, Any] = {}
_VIEWS = tuple(map(class_of, (_empty.keys(), _empty.values(), _empty.items())))

_WALKED: tuple[Any, ...] = (list, tuple, set, frozenset, deque, range, *_VIEWS)
"""The containers, besides dicts, that are walked, whatever a subclass overrides."""


def _items_of(value: object) -> Iterable[Any] | None:
    """Return the items of a built-in container, a dict itself, and None of anything else."""
    kind = class_of(value)
    if is_enum(value):
        return None
    if issubclass(kind, dict):
        return cast("Iterable[Any]", value)
    for base in _WALKED:
        if issubclass(kind, base):
            items: Iterable[Any] = base.__iter__(value)
            return items
    return None


def _form_or_name(value: object) -> Any:
    """Return a simpler form of a value; the name of its class where its own code raises."""
    try:
        return run_own_code(form_of, value)
    except RecursionError:
        raise
    except Exception:  # noqa: BLE001 - its own code may raise anything
        return safe_name(value)


def _text_of_key(key: Any) -> str:
    """Return what `json.dumps` makes of a key, else its text."""
    if key is None or key is True or key is False:
        return {None: "null", True: "true", False: "false"}[key]
    try:
        kind = class_of(key)
        if issubclass(kind, str):
            return str.__str__(key)
        if issubclass(kind, int):
            return int.__repr__(key)
        if issubclass(kind, float):
            return text_of_float(key)
        return str.__str__(run_own_code(str, key))
    except Exception:  # noqa: BLE001 - its own code may raise anything
        return safe_name(key)
