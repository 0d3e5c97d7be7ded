"""Any Python value as JSON, for recording: what JSON does not have is described, never refused.

Most values are such as JSON has. A quick look finds that, and the JSON encoder writes them, with a
hook for single values such as dates; what it refuses is converted one value after the other.
"""

from __future__ import annotations

import sys
from itertools import islice
from json import JSONEncoder
from math import isfinite
from typing import TYPE_CHECKING, Any

from gentrace.schemas import MAX_DEPTH, MAX_DIGITS, decode, describe, encode
from gentrace.schemas.json_forms import form_of, is_single, safe_name, text_of_float

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Dumps = Callable[[Any], bytes]

MAX_VALUES = 100_000
"""How many values a conversion reads."""

MAX_BYTES = 4 * 2**20
"""How large the JSON text of a conversion gets, but for what says that it was cut."""

CUT = "…"
"""Stands for what contains itself or is nested too deeply, and at the end of what was cut."""


def to_json_value(value: object) -> Any:
    """Return the JSON value of any Python value; nothing is refused and nothing raises.

    Lists, tuples, dicts and their views, sets, deques and ranges are walked. bytes become base64,
    dates, times, paths, numbers and identifiers text, exceptions ``TypeName: message``, pydantic
    models, dataclasses, attrs and msgspec objects dicts, enums their values, small arrays lists.
    Anything else becomes its `repr`, cut at 1,000 characters, or the name of its class where its
    own code raises. Content beyond 100,000 values or 4 MiB becomes ``{"truncated": …}``, cycles and
    what is nested deeper than 200 levels ``"…"``.

    Returns:
        A str, int, float, bool, None, or a new list or dict of such, which the strict call takes.

    """
    try:
        text = _encode_plain(value, None)
        return _Conversion().convert(value, 1) if text is None else decode(text)
    except Exception:  # noqa: BLE001 - such as no stack or memory left
        return CUT


def encode_json_value(value: object, dumps: Dumps | None = None) -> bytes:
    """Return `to_json_value` of a value as compact JSON in UTF-8.

    Args:
        value: any value.
        dumps: a faster encoder, as `find_encoder` returns it; None for the standard library's.

    """
    try:
        text = _encode_plain(value, dumps)
        return encode(_Conversion().convert(value, 1), dumps) if text is None else text
    except Exception:  # noqa: BLE001 - such as no stack or memory left
        return encode(CUT)


def _encode_plain(value: object, dumps: Dumps | None) -> bytes | None:
    """Return the JSON text of a value that the encoder writes by itself, None for others."""
    try:
        look = _Look()
        if not look.admits(value):
            return None
        if dumps is None or look.has_foreign:
            text = _encoder.encode(value).encode()
        else:
            text = dumps(value)
    except Exception:  # noqa: BLE001 - the encoder's refusal, or what a value's own code raises
        return None
    return text if len(text) <= MAX_BYTES else None


def _encode_single(value: object) -> Any:
    """Return the form of a value that is foreign to JSON and holds no others."""
    if not is_single(value):
        raise TypeError
    return form_of(value)


_encoder = JSONEncoder(
    ensure_ascii=False,
    allow_nan=False,
    check_circular=False,
    separators=(",", ":"),
    default=_encode_single,
)

_ARRAYS: frozenset[type] = frozenset({list, tuple})
_BASES = (str, int, float, dict, list, tuple)
_SMALL = 2**62
_LONG = 16
"""Items of an array from which on a look at all their types together takes less time."""


class _Look:
    """A look at whether the encoder may have a value: exact types, in the bounds, no cycle.

    Attributes:
        has_foreign: whether there are values that the encoder's hook has to judge.

    """

    def __init__(self) -> None:
        self.has_foreign = False
        self.values = 0
        self.characters = 0

    def admits(self, value: object) -> bool:
        """Tell whether the encoder may write a value, but for what it refuses itself."""
        level: list[Any] = []
        if not self._admits_items((value,), level):
            return False
        for _ in range(MAX_DEPTH):
            if not level:
                return True
            inner: list[Any] = []
            for container in level:
                if type(container) is dict:
                    for key in container:
                        if type(key) is not str:
                            return False
                        self.characters += len(key)
                    if not self._admits_items(container.values(), inner):
                        return False
                elif not self._admits_items(container, inner):
                    return False
            level = inner
        return not level

    def _admits_items(self, items: Any, inner: list[Any]) -> bool:
        """Look at the items of one container, and add the containers among them to `inner`."""
        self.values += len(items)
        if self.values > MAX_VALUES or self.characters > MAX_BYTES:
            return False
        if len(items) >= _LONG and type(items) in _ARRAYS and _are_finite_floats(items):
            return True
        for item in items:
            kind: Any = type(item)
            if kind is str:
                self.characters += len(item)
            elif kind is int:
                if not -_SMALL < item < _SMALL:
                    return False
            elif kind is float:
                if not isfinite(item):
                    return False
            elif kind is dict or kind is list or kind is tuple:
                inner.append(item)
            elif item is not None and kind is not bool:
                # What the encoder takes for one of its own types, whatever its methods say.
                if issubclass(kind, _BASES):
                    return False
                self.has_foreign = True
        return self.characters <= MAX_BYTES


def _are_finite_floats(items: Any) -> bool:
    return _FLOAT.issuperset(map(type, items)) and isfinite(sum(items))


_FLOAT: frozenset[type] = frozenset({float})


class _Conversion:
    """One conversion, value by value, with what it may still read and write."""

    def __init__(self) -> None:
        self.values_left = MAX_VALUES
        self.bytes_left = MAX_BYTES
        self.passed: set[int] = set()
        """The identities of the containers and objects around the value that is converted."""

    def convert(self, value: Any, depth: int) -> Any:
        """Return the JSON value of a value with so many containers around it, itself included."""
        self.values_left -= 1
        forms: list[Any] = []
        try:
            while True:
                single = self._convert_single(value)
                if single is not self:
                    return single
                if is_single(value):
                    value = _form_or_name(value)
                    continue
                if id(value) in self.passed or depth > MAX_DEPTH:
                    return CUT
                self.passed.add(id(value))
                forms.append(value)  # keeps it alive, so that no other gets its identity
                if issubclass(type(value), dict):
                    return self._convert_object(value, depth)
                items = _items_of(value)
                if items is not None:
                    return self._convert_array(items, depth)
                value = _form_or_name(value)
        except RecursionError:
            return CUT
        finally:
            self.passed.difference_update(map(id, forms))

    def _convert_single(self, value: Any) -> Any:
        """Return the JSON value of a value that JSON has and that is no container, else `self`."""
        kind = type(value)
        if value is None or kind is bool:
            self.bytes_left -= 6
            return value
        if kind is str:
            return self._convert_text(value)
        if kind is int:
            return self._convert_integer(value)
        if kind is float:
            if not isfinite(value):
                return self._convert_text(text_of_float(value))
            self.bytes_left -= len(repr(value)) + 1
            return value
        return self

    def _convert_text(self, text: str) -> Any:
        if len(text) < self.bytes_left:
            if not text.isascii():
                text = without_lone_surrogates(text)
            size = len(_encoder.encode(text).encode()) + 1
            if size <= self.bytes_left:
                self.bytes_left -= size
                return text
        self.bytes_left = 0
        return self._truncated()

    def _convert_integer(self, value: int) -> Any:
        if -_INTEGER_BOUND < value < _INTEGER_BOUND:
            try:
                self.bytes_left -= len(str(value)) + 1
            except ValueError:  # more digits than this interpreter writes
                return self._convert_text(describe(value))
            return value
        return self._convert_text(describe(value))

    def _convert_object(self, value: dict[Any, Any], depth: int) -> dict[str, Any]:
        converted: dict[str, Any] = {}
        # All at once, as another thread may change it while this one goes on.
        for key, item in list(islice(dict.items(value), self._limit())):
            if self._is_used_up():
                return converted | self._truncated()
            text = without_lone_surrogates(_text_of_key(key))
            self.bytes_left -= len(text) + 3
            converted[text] = self.convert(item, depth + 1)
        return converted

    def _convert_array(self, items: Iterable[Any], depth: int) -> list[Any]:
        converted: list[Any] = []
        for item in list(islice(items, self._limit())):
            if self._is_used_up():
                converted.append(self._truncated())
                break
            converted.append(self.convert(item, depth + 1))
        return converted

    def _limit(self) -> int:
        """Return how many items of a container are read at most: one more than may be converted."""
        return max(self.values_left, 0) + 1

    def _is_used_up(self) -> bool:
        return self.values_left <= 0 or self.bytes_left <= 0

    def _truncated(self) -> dict[str, str]:
        if self.bytes_left <= 0:
            return {"truncated": f"beyond {MAX_BYTES // 2**20} MiB"}
        return {"truncated": f"beyond {MAX_VALUES:,} values"}


_INTEGER_BOUND = 10**MAX_DIGITS

_VIEWS = (type({}.keys()), type({}.values()), type({}.items()), range)


def _items_of(value: Any) -> Iterable[Any] | None:
    """Return the items of a built-in container, whatever a subclass overrides; None of others."""
    kind = type(value)
    for base in (list, tuple, set, frozenset):
        if issubclass(kind, base) and not _is_enum(kind):
            items: Iterable[Any] = base.__iter__(value)
            return items
    if issubclass(kind, _VIEWS):
        return iter(value)
    collections = sys.modules.get("collections")
    if collections is not None and issubclass(kind, collections.deque):
        items = collections.deque.__iter__(value)
        return items
    return None


def _is_enum(kind: type) -> bool:
    enum = sys.modules.get("enum")
    return enum is not None and issubclass(kind, enum.Enum)


def _form_or_name(value: object) -> Any:
    """Return a simpler form of a value; the name of its class where its own code raises."""
    try:
        return form_of(value)
    except Exception:  # noqa: BLE001 - its own code may raise anything
        return safe_name(value)


def _text_of_key(key: object) -> str:
    """Return what `json.dumps` makes of a key, else its text."""
    if key is None or key is True or key is False:
        return {None: "null", True: "true", False: "false"}[key]
    try:
        if isinstance(key, str):
            return str.__str__(key)
        if isinstance(key, int):
            return int.__repr__(key)
        if isinstance(key, float):
            return text_of_float(key)
        return str(key)
    except Exception:  # noqa: BLE001 - its own code may raise anything
        return safe_name(key)


def without_lone_surrogates(text: str) -> str:
    """Return a text that UTF-8 can carry, with U+FFFD in place of lone surrogates."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
