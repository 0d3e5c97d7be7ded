"""What the values of the API may be: the model base, its properties, and the checks.

A check takes any Python value and returns the JSON value that it stands for, deeply immutable:
str, int, float, bool, None, `frozendict` or tuple. A check that refuses raises `ApiTypeError` or
`ApiValueError`; the place is put together while the error passes the containers, so that a value
without a mistake costs nothing for it.

A plain dict that goes out as it is needs no such copy: a quick check and then the JSON encoder tell
yes or no between them, and a no is left to the check, which knows how to word it.
"""

from __future__ import annotations

import io
import re
import sys
from functools import cache
from gc import get_referents
from importlib import import_module
from itertools import chain, islice
from json import JSONDecoder, JSONEncoder
from math import isfinite
from reprlib import Repr
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast, overload

from frozendict import frozendict

from gentrace._signals import pass_on_handlers_error
from gentrace.exceptions import (
    SHOWN_KEY,
    ApiAttributeError,
    ApiKeyError,
    ApiTypeError,
    ApiValueError,
    printable,
)

if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime
    from typing import Final, Literal, NoReturn, Self

    QuickCheck = Callable[[Any, "Unread"], bool]
    """Tells whether a value may be written as it is, but for what it leaves unread."""

    Dumps = Callable[[Any], bytes]
    """What writes JSON in UTF-8 faster than the standard library: `orjson.dumps`."""

    Plain = str | int | float | dict[Any, Any] | list[Any] | tuple[Any, ...] | None
    """A value of one of the types of `_FREE`, where a frozendict is a dict."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
M = TypeVar("M", bound="Model")

MAX_DEPTH = 200
"""How many containers may be nested in each other inside free-form content."""

MAX_DIGITS = 4300
"""How many digits an integer may have."""

MAX_ITEMS = 10_000_000
"""How many items a mapping that is no dict may have: one without end may say any number."""

_INTEGER_BOUND = 10**MAX_DIGITS
_SMALL = 2**62

# Builtins by names that tell the checkers of types what is inside.
_type: Callable[[object], type[Any]] = type
_Dict: type[dict[Any, Any]] = dict
_List: type[list[Any]] = list
_Tuple: type[tuple[Any, ...]] = tuple
_FrozenDict: type[frozendict[str, Any]] = frozendict


class Unset:
    """The type of `unset`."""

    __slots__ = ()

    def __new__(cls) -> Unset:  # noqa: PYI034 - there is one, which is of this very class
        """Return `unset`."""
        return unset

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "unset"

    def __reduce__(self) -> str:
        return "unset"

    def __copy__(self) -> Unset:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Unset:
        return self


unset: Final = object.__new__(Unset)
"""Stands for a property, body or header that is absent; it is false, and None is not it."""


class FileSchema(io.FileIO):
    """A downloaded file, open for reading; `name` is its path, and deleting it is the caller's."""


class Rules:
    """How strictly a value is read.

    Args:
        python_names: whether a declared property may go by its Python name too; answers are
            read by wire names only.
        disabled: keywords of JSON Schema, of `format` and `required`, that are not checked.

    """

    __slots__ = ("check_format", "check_required", "python_names")

    def __init__(
        self, *, python_names: bool = True, disabled: frozenset[str] = frozenset()
    ) -> None:
        self.python_names = python_names
        self.check_format = "format" not in disabled
        self.check_required = "required" not in disabled


REQUEST_RULES: Final = Rules()
ANSWER_RULES: Final = Rules(python_names=False)


class Schema(Generic[T_co]):
    """A type of the document.

    Attributes:
        expected: the type in an error's words, such as ``an integer``.
        type: `type` in the document.
        format: `format` in the document, None where it has none.
        kind: the Python type whose instances may be written as they are, but for what the encoder
            refuses and what a closer look finds; None where the type does not tell.
        waits_in: the list of `Unread` in which they wait for that look; None where they need none.

    """

    expected: str
    type: str
    format: str | None = None
    kind: builtins.type[Any] | None = None
    waits_in: Literal["content", "date_times"] | None = None

    def check(self, value: object, rules: Rules) -> T_co:
        """Return the JSON value that `value` stands for.

        Raises:
            ApiTypeError: it is of another type.
            ApiValueError: it is of this type and not allowed.

        """
        raise NotImplementedError

    def serialize(self, value: object, rules: Rules, dumps: Dumps | None = None) -> bytes:
        """Return the JSON text of a value.

        Args:
            value: anything that `check` takes.
            rules: how strictly it is read.
            dumps: a faster encoder, see `encode`.

        Raises:
            ApiTypeError: it is of another type.
            ApiValueError: it is of this type and not allowed.

        """
        return encode(self.check(value, rules), dumps)

    def quick_check(self) -> QuickCheck:
        """Return what tells whether a value may be written as it is; `check` has to judge a no.

        What the JSON encoder refuses by itself is left to it.
        """
        kind, waits_in = self.kind, self.waits_in

        def admits(value: object, unread: Unread) -> bool:
            if type(value) is not kind:
                return False
            if waits_in is not None:
                getattr(unread, waits_in).append(value)
            return True

        return admits


class StringSchema(Schema[str]):
    """Any text that UTF-8 can carry."""

    expected = "a string"
    type = "string"
    kind = str

    def check(self, value: object, rules: Rules) -> str:
        """Return the text."""
        if type(value) is str:
            return _free_text(value)
        plain = _simplify(value, self.expected)
        if type(plain) is not str:
            raise _mismatch(self.expected, value)
        return _free_text(plain)


class DateTimeSchema(Schema[str]):
    """A date and time of RFC 3339: a string, sent as it is, or an aware `datetime`."""

    expected = "an RFC 3339 date and time"
    type = "string"
    format = "date-time"
    kind = str
    waits_in = "date_times"

    def check(self, value: object, rules: Rules) -> str:
        """Return the text of the date and time."""
        if type(value) is str and _is_plain_date_time(value):
            return value
        if _is_instance(value, "datetime", "datetime"):
            value = _ask(_format_datetime, value)
        text = STRING.check(value, rules)
        if rules.check_format and not _is_date_time(text):
            raise ApiValueError(
                f"expected {self.expected} such as '2023-05-04T09:30:00.125Z', "
                f"got {describe(text)}",
                (),
            )
        return text


class IntegerSchema(Schema[int]):
    """A whole number: an int, or a float without a fraction, which becomes the int."""

    expected = "an integer"
    type = "integer"
    kind = int

    def check(self, value: object, rules: Rules) -> int:
        """Return the int."""
        if type(value) is int:
            return _free_integer(value)
        plain = _simplify(value, self.expected)
        if type(plain) is float and _free_float(plain).is_integer():
            plain = int(plain)
        if type(plain) is not int:
            raise _mismatch(self.expected, value)
        return _free_integer(plain)


class FreeObjectSchema(Schema["frozendict[str, Any]"]):
    """An object with any content; its keys are the caller's and are never renamed."""

    expected = "an object"
    type = "object"
    kind = dict
    waits_in = "content"

    def check(self, value: object, rules: Rules) -> frozendict[str, Any]:
        """Return the object, deeply frozen."""
        plain = _simplify(value, self.expected)
        if not isinstance(plain, dict):
            raise _mismatch(self.expected, value)
        return _free_object(plain, 1)


class ArraySchema(Schema[tuple[T, ...]]):
    """A list or tuple of items of one type.

    Args:
        items: the type of each item.

    """

    expected = "an array"
    type = "array"

    def __init__(self, items: Schema[T]) -> None:
        self.items = items

    def check(self, value: object, rules: Rules) -> tuple[T, ...]:
        """Return the items."""
        plain = _simplify(value, self.expected)
        if not isinstance(plain, (list, tuple)):
            raise _mismatch(self.expected, value)
        check = self.items.check
        checked: list[T] = []
        try:
            for item in islice(plain, len(plain)):  # as in `_free_array`
                checked.append(check(item, rules))  # noqa: PERF401 - the error needs its index
        except (ApiTypeError, ApiValueError) as error:
            error.move_under(len(checked))
            raise
        return tuple(checked)

    def quick_check(self) -> QuickCheck:
        """Return what tells quickly whether it is a list of items to be written as they are."""
        admits = self.items.quick_check()

        def admits_all(value: object, unread: Unread) -> bool:
            if type(value) is not _List and type(value) is not _Tuple:
                return False
            for item in islice(value, len(value)):  # as in `_free_array`
                if not admits(item, unread):
                    return False
                if len(unread.objects) > _FEW and not unread.settle_objects():
                    return False
            return True

        return admits_all


class ObjectSchema(Schema[M]):
    """An object that a model describes.

    Args:
        model: the model.

    """

    expected = "an object"
    type = "object"

    def __init__(self, model: builtins.type[M]) -> None:
        self.model = model
        self._quick_check: QuickCheck | None = None

    def check(self, value: object, rules: Rules) -> M:
        """Return the model."""
        model = self.model
        if type(value) is model:
            return value
        items: Any = value
        if not issubclass(_type(value), Model):
            items = value if type(value) is _Dict else _simplify(value, self.expected)
            if not issubclass(_type(items), _Dict):
                raise _mismatch(self.expected, value)
            if rules.python_names:
                items = model.wire_items_oapg(items)
        return model.check_oapg(items, rules)

    def quick_check(self) -> QuickCheck:
        """Return what tells quickly whether it is a dict by wire names to be written as it is."""
        if self._quick_check is None:
            self._quick_check = _compile(self.model)
        return self._quick_check

    def serialize(self, value: object, rules: Rules, dumps: Dumps | None = None) -> bytes:
        """Return the JSON text of a value; a plain dict that may go out as it is makes no model."""
        if rules is REQUEST_RULES and type(value) is _Dict:
            text = _encode_plain(value, self.quick_check(), dumps)
            if text is not None:
                return text
        return super().serialize(value, rules, dumps)


STRING: Final = StringSchema()
DATE_TIME: Final = DateTimeSchema()
INTEGER: Final = IntegerSchema()
FREE_OBJECT: Final = FreeObjectSchema()


class Unread:
    """What quick checks leave to be looked at together, which takes less time than one by one.

    Attributes:
        objects: dicts that are right but for their keys, which may be of other types than str.
        date_times: strings that have to be dates and times.
        content: dicts, lists and tuples of free-form content.

    Args:
        for_orjson: whether it is orjson that shall write the value: unlike the standard library's
            encoder it refuses keys that are no exact strings, and writes null for NaN.

    """

    __slots__ = ("content", "date_times", "for_orjson", "objects")

    def __init__(self, *, for_orjson: bool) -> None:
        self.for_orjson = for_orjson
        self.objects: list[dict[Any, Any]] = []
        self.date_times: list[str] = []
        self.content: list[Any] = []

    def settle_objects(self) -> bool:
        """Tell whether the objects and the dates and times are right, and let go of them."""
        objects, date_times = self.objects, self.date_times
        self.objects, self.date_times = [], []
        has_text_keys = self.for_orjson or _have_text_keys(objects)
        return has_text_keys and _are_plain_date_times(date_times)

    def settle(self) -> bool:
        """Tell whether all is right."""
        if not self.settle_objects():
            return False
        if self.for_orjson and _SHOWS_ITEMS and _is_seen_plain(self.content):
            return True
        return _is_plain(self.content, check_floats=self.for_orjson)


def _compile(model: type[Model]) -> QuickCheck:
    """Return straight-line code that checks an object with all properties of a model and no other.

    It takes half of the time of a loop over them, and is run for each object of a body. The code
    holds no values, which are its globals. An object of other properties is left to the loop.
    """
    names: dict[str, Any] = {}
    checks: dict[str, QuickCheck] = dict.fromkeys(model.aliases_oapg, _never)
    reads: list[str] = []
    wrong: list[str] = []
    waits: list[str] = []
    for number, item in enumerate(model.properties_oapg.values()):
        schema = item.schema
        names[f"name{number}"] = item.wire_name
        names[f"kind{number}"] = schema.kind
        names[f"check{number}"] = checks[item.wire_name] = schema.quick_check()
        reads.append(f"  item{number} = value[name{number}]")
        wrong.append(
            f"type(item{number}) is not kind{number}"
            if schema.kind
            else f"not check{number}(item{number}, unread)"
        )
        if schema.waits_in:
            waits.append(f" unread.{schema.waits_in}.append(item{number})")
    admits_any = names["admits_any"] = _loop_over(model, checks)
    if not reads:
        return admits_any
    size = len(reads)
    lines = [
        "def admits(value, unread):",
        f" if type(value) is not dict or len(value) != {size}: return admits_any(value, unread)",
        " try:",
        *reads,
        " except KeyError: return admits_any(value, unread)",
        f" if {' or '.join(wrong)}: return False",
        *waits,
        " unread.objects.append(value)",
        " return True",
    ]
    exec("\n".join(lines), names)  # noqa: S102 - made of the lines above alone
    check: QuickCheck = names["admits"]
    return check


def _loop_over(model: type[Model], checks: Mapping[str, QuickCheck]) -> QuickCheck:
    """Return what checks an object of any properties, by name; what has no check is free-form."""

    def admits_any(value: Any, unread: Unread) -> bool:
        if type(value) is not _Dict:
            return type(value) is model
        for key, item in value.items():
            if not checks.get(key, _admits_free)(item, unread):
                return False
        for name in model.required_oapg:
            if name not in value:
                return False
        unread.objects.append(value)
        return True

    return admits_any


def _admits_free(value: object, unread: Unread) -> bool:
    kind = type(value)
    if kind in _CONTAINERS:
        unread.content.append(value)
        return True
    return kind in _LEAVES and (kind is not float or isfinite(cast("float", value)))


def _never(_value: object, _unread: Unread) -> bool:
    return False


class Property(Generic[T_co]):
    """One property of a model: said once, here; everything else is derived from it.

    As an attribute of a model's instance it is the property's value.

    Attributes:
        name: its Python name.
        wire_name: its name in the document and on the wire.
        schema: its type.
        description: its description in the document.
        required: whether the document requires it.

    """

    name: str

    def __init__(
        self, wire_name: str, schema: Schema[Any], description: str, *, required: bool
    ) -> None:
        self.wire_name = wire_name
        self.schema = schema
        self.description = description
        self.required = required

    def __set_name__(self, owner: type[Model], name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type[Model]) -> Self: ...
    @overload
    def __get__(self, instance: Model, owner: type[Model]) -> T_co: ...
    def __get__(self, instance: Model | None, owner: type[Model]) -> Any:
        if instance is None:
            return self
        return instance.get(self.wire_name, unset)


def required(wire_name: str, schema: Schema[T], description: str) -> Property[T]:
    """Declare a property that must be there."""
    return Property(wire_name, schema, description, required=True)


def optional(wire_name: str, schema: Schema[T], description: str) -> Property[T | Unset]:
    """Declare a property that may be absent, and then reads as `unset`."""
    return Property(wire_name, schema, description, required=False)


def _refuse_as(kind: type[ApiTypeError | ApiAttributeError]) -> Callable[..., NoReturn]:
    """Return a method for what would change a model."""

    def refuse(self: Model, /, *_: object, **_keywords: object) -> NoReturn:
        raise kind(
            f"a {type(self).__name__} cannot change: "
            f"its set(name, value) and delete(name) make another"
        )

    return refuse


class Model(frozendict[str, Any]):
    """A checked object of the document: a deeply immutable mapping by wire names.

    Subclasses declare their properties with `required` and `optional`. A model is made from
    keywords, from a mapping or from both, where a keyword wins, even if it is `unset`; a declared
    property goes by its Python name or its wire name. Properties that the document does not declare
    are kept.

    Raises:
        ApiTypeError: a value of the wrong type, or a required property is missing.
        ApiValueError: a value that is not allowed, or a property given by both of its names.

    """

    __slots__ = ()

    properties_oapg: ClassVar[Mapping[str, Property[Any]]] = {}
    """The declared properties, by wire name."""

    wire_names_oapg: ClassVar[Mapping[str, str]] = {}
    """The wire names of the declared properties, by either of their names."""

    aliases_oapg: ClassVar[frozenset[str]] = frozenset()
    """The Python names that are not wire names too."""

    required_oapg: ClassVar[tuple[str, ...]] = ()
    """The wire names of those that must be there."""

    kinds_oapg: ClassVar[Mapping[str, type[Any] | None]] = {}
    """The Python types of declared properties that are no dates and times, by wire name."""

    def __init_subclass__(cls) -> None:
        own: list[Property[Any]] = [
            item for item in vars(cls).values() if isinstance(item, Property)
        ]
        cls.properties_oapg = {**cls.properties_oapg, **{item.wire_name: item for item in own}}
        declared = cls.properties_oapg.values()
        cls.wire_names_oapg = {item.name: item.wire_name for item in declared} | {
            item.wire_name: item.wire_name for item in declared
        }
        cls.aliases_oapg = frozenset(cls.wire_names_oapg.keys() - cls.properties_oapg.keys())
        cls.required_oapg = tuple(item.wire_name for item in declared if item.required)
        cls.kinds_oapg = {
            item.wire_name: item.schema.kind
            for item in declared
            if item.schema.waits_in != "date_times"
        }

    if TYPE_CHECKING:

        def __new__(cls, *args: Any, **keywords: Any) -> Self: ...  # noqa: D102

    else:

        def __new__(cls, /, *args: object, **keywords: object) -> Self:
            """Make a model of a mapping and keywords, either of which may be left out.

            In place of the mapping there may be an iterator of pairs, as `dataclasses.asdict` has.
            """
            if len(args) > 1:
                raise ApiTypeError(
                    f"{cls.__name__} takes one mapping and keywords, got {len(args)} arguments"
                )
            items = {}
            for given in args:
                if issubclass(type(given), Model):
                    items = given
                    continue
                plain = _simplify(_with_pairs(given), "an object")
                if not isinstance(plain, dict):
                    raise _mismatch("an object", given)
                items = cls.wire_items_oapg(plain)
            if keywords:
                items = {**items, **cls.wire_items_oapg(keywords)}
            return cls.check_oapg(items, REQUEST_RULES)

        def __init__(self, /, *args: object, **keywords: object) -> None:
            """Do nothing, whatever the names of the properties are: the model is made."""

        __setitem__ = __delitem__ = _refuse_as(ApiTypeError)
        __setattr__ = __delattr__ = clear = pop = popitem = update = _refuse_as(ApiAttributeError)

        def __getattr__(self, name: str) -> object:
            names = [item.name for item in self.properties_oapg.values()]
            raise ApiAttributeError(_no_such_name(self, name, names))

    @classmethod
    def from_openapi_data_oapg(cls, data: Mapping[str, object]) -> Self:
        """Make a model from a mapping in wire names only, as an answer is read.

        Raises:
            ApiTypeError: a value of the wrong type, or a required property is missing.
            ApiValueError: a value that is not allowed.

        """
        return ObjectSchema(cls).check(data, ANSWER_RULES)

    @classmethod
    def wire_items_oapg(cls, items: Mapping[Any, object]) -> Mapping[Any, object]:
        """Return `items` with the declared properties by their wire names, those unset too.

        Raises:
            ApiValueError: a property is given by both of its names.

        """
        wire_names = cls.wire_names_oapg
        try:
            has_exact_keys = _TEXT.issuperset(map(type, items))
        except TypeError as error:  # of a class that has no hash
            pass_on_handlers_error(error)
            has_exact_keys = False
        if not has_exact_keys:
            # A key of another class may not even let itself be looked for.
            items = _with_exact_keys(items)
        if cls.aliases_oapg.isdisjoint(items):
            return items
        renamed: dict[Any, object] = {}
        for key, item in items.items():
            wire_name = wire_names.get(key, key)
            if renamed.get(wire_name, unset) is unset:
                renamed[wire_name] = item
            elif item is not unset:
                name = cls.properties_oapg[wire_name].name
                raise ApiValueError(f"got both {name!r} and {wire_name!r}, give one of them", ())
        return renamed

    @classmethod
    def check_oapg(  # noqa: C901 - one loop, as calls take longer
        cls, items: Mapping[Any, Any], rules: Rules
    ) -> Self:
        """Return the model of `items`, which go by wire names."""
        kinds, properties = cls.kinds_oapg, cls.properties_oapg
        checked: dict[str, Any] = {}
        key: Any = None
        item: Any = None
        try:
            for key, item in items.items():
                if type(key) is not str or not key.isascii():
                    key = _free_key(key)  # noqa: PLW2901 - as it is on the wire
                kind = _type(item)
                if kinds.get(key) is kind:
                    value = item if kind is str and item.isascii() else _FREE[kind](item, 1)
                elif item is unset:
                    continue
                elif key in properties:
                    value = properties[key].schema.check(item, rules)
                else:
                    value = _FREE.get(kind, _free_foreign)(item, 1)
                checked[key] = value
        except (ApiTypeError, ApiValueError) as error:
            _place_under_key(error, key)
            raise
        except (RuntimeError, TypeError) as error:
            pass_on_handlers_error(error)
            raise _refusal(error, items, key, item) from error
        if rules.check_required:
            for name in cls.required_oapg:
                if name not in checked:
                    raise ApiTypeError(_missing(properties[name]), ())
        return _freeze_as(cls, checked)

    def get_item_oapg(self, name: str) -> Any:
        """Return the property with this wire name, or `unset` where it is absent."""
        return self.get(name, unset)

    def __missing__(self, key: object) -> object:
        raise ApiKeyError(_no_such_name(self, key, self.properties_oapg))

    def _derive(self, changes: Mapping[Any, object]) -> Self:
        return self.check_oapg({**self, **self.wire_items_oapg(changes)}, REQUEST_RULES)

    @classmethod
    def _wire_name(cls, name: object) -> str:
        key = _free_key(name)
        return cls.wire_names_oapg.get(key, key)

    def __or__(self, other: Mapping[Any, Any]) -> Any:
        if isinstance(other, dict):
            return self._derive(other)
        if hasattr(other, "__ror__"):
            return NotImplemented
        raise _mismatch("an object", other)

    __ior__ = __or__

    def set(  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride]
        self, key: str, val: object
    ) -> Self:
        """Return a model with property `key`, by either of its names, set to `val`."""
        return self._derive({self._wire_name(key): val})

    def setdefault(  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride]
        self, key: str, default: object = None
    ) -> Self:
        """Return this model if it holds property `key`, else one where it is `default`."""
        wire_name = self._wire_name(key)
        return self if wire_name in self else self._derive({wire_name: default})

    def delete(self, key: str) -> Self:
        """Return a model without property `key`, by either of its names.

        Raises:
            ApiKeyError: it is not there.
            ApiTypeError: it is required, or the key is no string.

        """
        wire_name = self._wire_name(key)
        if wire_name not in self:
            raise ApiKeyError(_no_such_name(self, key, self.properties_oapg))
        kept = {name: item for name, item in self.items() if name != wire_name}
        return self.check_oapg(kept, REQUEST_RULES)

    @classmethod
    def fromkeys(cls, seq: Iterable[str], value: object = None) -> Self:
        """Return a model that holds `value` under each key of `seq`."""
        try:
            items = dict.fromkeys(seq, value)
        except TypeError as error:
            raise ApiTypeError(f"expected names of properties, got {describe(seq)}") from error
        return cls(items)

    def copy(self) -> Self:
        """Return this model, which cannot change."""
        return self

    __copy__ = copy

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_openapi_data_oapg, (dict(self),)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({_thaw(dict(self))!r})"


def _make_freezer(base: type[frozendict[Any, Any]]) -> Callable[[type[F], dict[str, Any]], F]:
    """Return what makes a frozendict of a dict.

    frozendict's own constructor is Python code that takes longer than all checks together; where
    its one slot is known, what it does for a dict is done without it.
    """
    slot: Any = getattr(base, "_hash", None)
    if slot is None:
        return cast("Any", base).__new__  # type: ignore[no-any-return]
    new, update, set_hash = cast("Any", dict).__new__, _Dict.update, slot.__set__

    def freeze(kind: type[F], items: dict[str, Any]) -> F:
        frozen: F = new(kind)
        update(frozen, items)
        set_hash(frozen, -1)
        return frozen

    return freeze


F = TypeVar("F", bound="frozendict[str, Any]")

_freeze_as = _make_freezer(frozendict)


# Free-form content: functions of one signature, by the exact type of the value. `depth` counts
# the containers around the value, itself included.


def _free_same(value: Any, _depth: int = 0) -> Any:
    return value


def _free_text(value: str, _depth: int = 0) -> str:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ApiValueError(
                f"expected text that UTF-8 can carry, got the lone surrogate "
                f"{value[error.start]!r} at character {error.start} of {describe(value)}",
                (),
            ) from None
    return value


def _free_integer(value: int, _depth: int = 0) -> int:
    if not -_INTEGER_BOUND < value < _INTEGER_BOUND:
        raise ApiValueError(
            f"expected an integer of at most {MAX_DIGITS} digits, got {describe(value)}", ()
        )
    return value


def _free_float(value: float, _depth: int = 0) -> float:
    if not isfinite(value):
        raise ApiValueError(f"expected a number that JSON has, got {value}", ())
    return value


def _free_key(key: object) -> str:
    if type(key) is not str:
        plain = _simplify(key, "a string as key") if isinstance(key, str) else key
        if type(plain) is not str:
            raise ApiTypeError(f"expected a string as key, got {describe(key)}", ())
        key = plain
    return _free_text(key)


def _free_object(value: dict[Any, Any], depth: int) -> frozendict[str, Any]:
    if depth > MAX_DEPTH:
        raise _too_deep(value)
    frozen: dict[str, Any] = {}
    key: Any = None
    item: Any = None
    try:
        for key, item in value.items():
            if type(key) is not str or not key.isascii():
                key = _free_key(key)  # noqa: PLW2901 - as it is on the wire
            kind = _type(item)
            if (
                (kind is str and item.isascii())
                or (kind is int and -_SMALL < item < _SMALL)
                or (kind is float and item - item == 0)  # neither infinite nor NaN
            ):
                frozen[key] = item
            elif kind in _FREE:
                frozen[key] = _FREE[kind](item, depth + 1)
            elif item is not unset:
                frozen[key] = _free_foreign(item, depth + 1)
    except (ApiTypeError, ApiValueError) as error:
        _place_under_key(error, key)
        _word_cycle(error, value)
        raise
    except (RuntimeError, TypeError) as error:
        pass_on_handlers_error(error)
        raise _refusal(error, value, key, item) from error
    return _freeze_as(_FrozenDict, frozen)


def _free_array(value: list[Any] | tuple[Any, ...], depth: int) -> tuple[Any, ...]:
    if depth > MAX_DEPTH:
        raise _too_deep(value)
    if len(value) >= _LONG and _are_finite(value):
        return tuple(value)
    frozen: list[Any] = []
    item: Any = None
    try:
        # Not further than it was at first: what its items do when asked may add to it.
        for item in islice(value, len(value)):
            frozen.append(_FREE.get(_type(item), _free_foreign)(item, depth + 1))
    except (ApiTypeError, ApiValueError) as error:
        error.move_under(len(frozen))
        _word_cycle(error, value)
        raise
    except (RecursionError, TypeError) as error:
        pass_on_handlers_error(error)
        raise _refusal(error, value, len(frozen), item) from error
    return tuple(frozen)


def _are_finite(value: list[Any] | tuple[Any, ...]) -> bool:
    """Tell whether all items are floats that JSON has; also no if their sum is none."""
    try:
        return _FLOAT.issuperset(map(type, value)) and isfinite(sum(value))
    except TypeError as error:  # of a class that has no hash: its item has its own error
        pass_on_handlers_error(error)
        return False


def _free_foreign(value: Any, depth: int) -> Any:
    plain = _simplify(value, _ANY)
    try:
        return _FREE[type(plain)](plain, depth)
    except (ApiTypeError, ApiValueError) as error:
        _word_cycle(error, value)
        raise


_FREE: dict[type, Callable[[Any, int], Any]] = {
    str: _free_text,
    int: _free_integer,
    float: _free_float,
    bool: _free_same,
    type(None): _free_same,
    dict: _free_object,
    frozendict: _free_object,
    list: _free_array,
    tuple: _free_array,
}


def _refusal(
    error: RuntimeError | TypeError, container: object, key: str | int, item: object
) -> ApiValueError:
    """Return what is wrong with a container that cannot be read to its end, but up to an item."""
    if isinstance(error, RecursionError):
        return ApiValueError("nested deeper than what is left of the interpreter's stack", ())
    if isinstance(error, RuntimeError):
        return ApiValueError(f"{_name_of(container)} that changes while it is read", ())
    refusal = _raised(item, error)
    refusal.move_under(key)
    return refusal


def _with_exact_keys(items: Mapping[Any, object]) -> dict[str, object]:
    key: object = None
    try:
        return {_free_key(key := given): item for given, item in items.items()}
    except (ApiTypeError, ApiValueError) as error:
        _place_under_key(error, key)
        raise


def _too_deep(container: object) -> ApiValueError:
    error = ApiValueError(f"nested deeper than {MAX_DEPTH} levels", ())
    error.passed = {id(container): container}
    return error


def _place_under_key(error: ApiTypeError | ApiValueError, key: object) -> None:
    """Add a key to the place of an error that passes its object, unless the key is the error."""
    try:
        error.move_under(_free_key(key))
    except (ApiTypeError, ApiValueError):
        return


def _word_cycle(error: ApiTypeError | ApiValueError, container: object) -> None:
    """Say of content nested too deeply that it is a cycle, where it meets itself again."""
    if error.passed is None:
        return
    if id(container) in error.passed:
        error.reword(f"a {_name_of(container)} that contains itself is not JSON", ())
    error.passed[id(container)] = container


# Values of other types, on their way to a JSON value.


def _simplify(value: object, expected: str) -> Plain:
    """Turn a value into one of the types of `_FREE`, one conversion after the other.

    Raises:
        ApiTypeError: it has no form that JSON has.
        ApiValueError: it has one that is not exact, or making it failed.

    """
    plain: Any = value
    for _ in range(MAX_DEPTH):
        try:
            if type(plain) in _FREE:
                return plain  # type: ignore[no-any-return]
        except TypeError as error:  # of a class that has no hash
            pass_on_handlers_error(error)
            raise _raised(plain, error) from error
        plain = _ask(_convert, plain)
        if plain is unset:
            raise _mismatch(expected, value)
    raise ApiValueError(f"expected {expected}, got {describe(value)}, whose form never ends", ())


def _convert(value: Any) -> Any:  # noqa: C901, PLR0911 - one form after the other
    """Return a simpler form of a value that is of no type of `_FREE`; `unset` if it has none."""
    kind = _type(value)
    if issubclass(kind, type):
        return unset
    if _is_instance(value, "enum", "Enum"):
        return value.value
    for base, exact in _EXACT.items():
        if issubclass(kind, base):
            return exact(value)
    if callable(dump := getattr(value, "model_dump", None)):
        return dump()
    if hasattr(kind, "__dataclass_fields__"):
        from dataclasses import fields  # noqa: PLC0415 - only for those who use them

        return {field.name: getattr(value, field.name) for field in fields(value)}
    if _is_instance(value, "collections.abc", "Mapping"):
        return _mapping_items(value)
    if _is_instance(value, "decimal", "Decimal"):
        return _exact_number(value)
    if _is_instance(value, "uuid", "UUID"):
        return str(value)
    for method in ("tolist", "isoformat"):
        if callable(form := getattr(value, method, None)):
            return form()
    return unset


def _ask(form: Callable[[Any], Any], value: object) -> Any:
    """Return a form of a value, whose own code may raise anything."""
    try:
        return form(value)
    except (ApiTypeError, ApiValueError):
        raise
    except Exception as error:
        pass_on_handlers_error(error)
        raise _raised(value, error) from error


def _raised(value: object, error: Exception) -> ApiValueError:
    return ApiValueError(
        f"expected a JSON value, got {describe(value)}, "
        f"which raised {_name_of(error)} when asked for one",
        (),
    )


def _with_pairs(value: object) -> object:
    """Return the dict of an iterator's pairs; anything else, a list of pairs too, as it is."""
    if type(value) is not _Dict and _is_instance(value, "collections.abc", "Iterator"):
        return _ask(_dict_of_pairs, value)
    return value


def _dict_of_pairs(pairs: Iterator[Any]) -> dict[Any, Any]:
    items = dict(islice(pairs, MAX_ITEMS))
    if next(pairs, pairs) is not pairs:
        raise ApiValueError(f"expected at most {MAX_ITEMS} pairs, got {describe(pairs)}", ())
    return items


_EXACT: dict[type, Callable[[Any], Any]] = {
    str: str.__str__,
    int: int.__int__,
    float: float.__float__,
    dict: lambda value: _Dict(_Dict.items(value)),
    list: _List.copy,
    tuple: lambda value: _Tuple.__getitem__(value, slice(None)),
}
"""How an instance of a subclass becomes one of the class, whatever it overrides."""


def _is_instance(value: object, module: str, name: str) -> bool:
    """Tell whether `value` is an instance of a class that is worth no import of its own.

    By its type, as what it says of its class may be anything.
    """
    loaded = sys.modules.get(module)
    return loaded is not None and issubclass(type(value), getattr(loaded, name))


def _mapping_items(value: Mapping[object, object]) -> dict[object, object]:
    size = len(value)
    if size > MAX_ITEMS:
        raise ApiValueError(
            f"expected a mapping of at most {MAX_ITEMS} items, got {_name_of(value)} "
            f"that says {size}: make it a dict",
            (),
        )
    items: dict[object, object] = {}
    for number, (key, item) in enumerate(islice(value.items(), size + 1)):
        items[key] = item
        if len(items) == number:  # the same key again, and maybe for ever
            break
    if len(items) != size:
        raise ApiValueError(
            f"expected a mapping with as many items as it says, got {_name_of(value)} "
            f"that says {size}",
            (),
        )
    return items


def _exact_number(value: Any) -> int | float:
    """Return the int or float whose JSON text is exactly this Decimal."""
    decimal = _type(value)
    if value.is_finite() and (value.adjusted() < MAX_DIGITS or not value):
        number = int(value) if value.as_tuple().exponent >= 0 else float(value)
        if decimal(repr(number)) == value:
            return number
        if value == value.to_integral_value():
            return int(value)
    raise ApiValueError(
        f"expected a Decimal that is exact as a JSON number, got {describe(value)}: "
        f"pass str(value) to keep its digits",
        (),
    )


@cache
def _date_time_lines() -> re.Pattern[str]:
    """Return a pattern of lines that are RFC 3339 dates and times of days that each year has.

    Making it takes as long as importing a module, and some bodies have no date. A fraction or
    nothing is matched sooner than an optional fraction, and a possessive group wrongly, up to
    Python 3.11.4.
    """
    return re.compile(
        r"(?:(?!0000)[0-9]{4}-"
        r"(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)"
        r"|(?:0[13578]|1[02])-31)"
        r"[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]++|)"
        r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])\n)*"
    )


def _are_plain_date_times(texts: list[str]) -> bool:
    for start in range(0, len(texts), _FEW):
        some = texts[start : start + _FEW]
        lines = "\n".join([*some, ""])
        if lines.count("\n") != len(some) or _date_time_lines().fullmatch(lines) is None:
            return False
    return True


def _is_plain_date_time(text: str) -> bool:
    return "\n" not in text and _date_time_lines().fullmatch(text + "\n") is not None


def _is_date_time(text: str) -> bool:
    if text[4:10] != _LEAP_DAY:
        return _is_plain_date_time(text)
    if not _is_plain_date_time(text.replace(_LEAP_DAY, "-02-28", 1)):
        return False
    try:
        _parse(text)
    except ValueError:
        return False
    return True


_LEAP_DAY = "-02-29"


def _parse(text: str) -> datetime:
    from dateutil.parser import isoparse  # noqa: PLC0415 - heavy, and few calls need it

    return isoparse(text.upper())


def as_datetime(text: str | datetime) -> datetime:
    """Return the aware datetime of an RFC 3339 date and time; digits beyond microseconds are cut.

    Args:
        text: the date and time, as a model holds it, or an aware datetime.

    Raises:
        ApiTypeError: neither a string nor a datetime.
        ApiValueError: not an RFC 3339 date and time, or a naive datetime.

    """
    return _parse(DATE_TIME.check(text, REQUEST_RULES))


def _format_datetime(value: Any) -> str:
    offset = value.utcoffset()
    if offset is None:
        raise ApiValueError(
            f"expected a datetime with a time zone, got the naive {describe(value)}: "
            f"make it aware, such as with datetime.now(timezone.utc)",
            (),
        )
    if offset.total_seconds() % 60:
        from datetime import UTC  # noqa: PLC0415 - of no use to most

        value = value.astimezone(UTC)
    return str(value.isoformat())


# Words for errors.


class _Words(Repr):
    """Short forms of any value, for the text of an error."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 60
        self.maxlevel = 2

    def repr_int(self, x: int, level: int) -> str:
        """Show a huge int by its size: its digits are slow to find, and may be refused."""
        digits = x.bit_length() * 30103 // 100000 + 1
        return repr(x) if digits < self.maxlong else f"of about {digits} digits"


_words = _Words()


def describe(value: object) -> str:
    """Name a value in an error: its type and its start."""
    if value is None:
        return "None"
    try:
        shown = printable(_words.repr(value))
    except Exception:  # noqa: BLE001 - its own code may raise anything
        shown = "that cannot be shown"
    return f"{_name_of(value)} {shown}"


def _name_of(value: object) -> str:
    """Return the name of a value's class, whatever that says of itself."""
    name: str = vars(type)["__name__"].__get__(type(value))
    return printable(name if len(name) <= SHOWN_KEY else f"{name[:SHOWN_KEY]}…")


def _mismatch(expected: str, value: object) -> ApiTypeError:
    any_form = ": make it text, a number, a list or a dict" if expected == _ANY else ""
    hint = next((hint for kind, hint in _HINTS.items() if issubclass(type(value), kind)), any_form)
    return ApiTypeError(f"expected {expected}, got {describe(value)}{hint}", ())


_ANY = "a JSON value"

_HINTS: dict[type, str] = {
    bytes: ": decode it, or encode it as base64",
    set: ": make it a list",
    frozenset: ": make it a list",
    Unset: ", which only stands for an absent property",
}


def _missing(declared: Property[Any]) -> str:
    names = dict.fromkeys((declared.wire_name, declared.name))
    return f"missing the required property {' or '.join(map(repr, names))}"


def _no_such_name(model: Model, name: object, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only an error needs it

    if type(name) is not str:
        return f"{type(model).__name__} has no {describe(name)}"
    names = {item.name: item.wire_name for item in model.properties_oapg.values()}
    other = {**names, **{wire_name: own for own, wire_name in names.items()}}.get(name, "")
    like = get_close_matches(name[:SHOWN_KEY], list(known), 1)
    close = other if other in known else next(iter(like), "")
    hint = f": did you mean {close!r}?" if close and close != name else ""
    return f"{type(model).__name__} has no {_words.repr(name)}{hint}"


def _thaw(value: Plain) -> Plain:
    """Return a copy with plain dicts in place of frozen ones, to be shown."""
    if isinstance(value, tuple):
        return [_thaw(item) for item in value]
    if isinstance(value, dict):
        return {key: _thaw(item) for key, item in value.items()}
    return value


# The wire.

_encoder = JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")
)


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


_decoder = JSONDecoder(parse_constant=_refuse_constant)


def encode(value: object, dumps: Dumps | None = None) -> bytes:
    """Return a checked value as compact JSON in UTF-8.

    Args:
        value: the value.
        dumps: a faster encoder, which may refuse with a TypeError what only the standard
            library's writes; None has everything written by the latter.

    Raises:
        ApiValueError: an integer of more digits, or more levels, than this interpreter can write.

    """
    if dumps is not None:
        try:
            return dumps(value)
        except TypeError as error:  # such as an integer beyond 64 bits
            pass_on_handlers_error(error)
    try:
        return _encoder.encode(value).encode()
    except (ValueError, RecursionError) as error:
        pass_on_handlers_error(error)
        raise ApiValueError(f"cannot be written as JSON: {error}") from None


def find_encoder(setting: str) -> Dumps | None:
    """Return what `Configuration.json_encoder` names: None for the standard library's."""
    return None if setting == "json" else _find_orjson()


@cache
def _find_orjson() -> Dumps | None:
    try:
        orjson = import_module("orjson")
    except ImportError:
        return None
    dumps: Callable[..., bytes] = orjson.dumps
    options = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
    return lambda value: dumps(value, None, options)


def _encode_plain(value: dict[Any, Any], admits: QuickCheck, dumps: Dumps | None) -> bytes | None:
    """Return the JSON text of a dict that is admitted; None if it has to be checked after all.

    The encoder gets nothing that it might not come to an end with, such as a cycle, or that it
    would write in another way. It refuses lone surrogates. The standard library's refuses NaN and
    infinities too, for which orjson writes null; orjson refuses keys of other types, which the
    standard library's writes, and so does not get what orjson has refused.
    """
    if sys.get_int_max_str_digits() != MAX_DIGITS:
        return None
    unread = Unread(for_orjson=dumps is not None)
    try:
        if admits(value, unread) and unread.settle():
            return encode(value) if dumps is None else dumps(value)
    except Exception as error:  # noqa: BLE001 - the encoder's refusal, or what a key's code raises
        pass_on_handlers_error(error)
    return None


def _have_text_keys(objects: list[dict[Any, Any]]) -> bool:
    shows_no_other = _list_items(objects, sum(map(len, objects))) is not None
    return shows_no_other or _TEXT.issuperset(map(type, chain.from_iterable(objects)))


def _is_seen_plain(content: list[Any]) -> bool:
    """Tell that `_is_plain` says yes, of floats too but not of keys; a no says nothing.

    It takes half of the time. The garbage collector is shown nothing of a leaf, so that leaves need
    not be told from containers to get what is inside of these. Only where `_SHOWS_ITEMS`.
    """
    for start in range(0, len(content), _FEW):
        if not _are_few_seen_plain(content[start : start + _FEW]):
            return False
    return True


def _are_few_seen_plain(items: list[Any]) -> bool:
    if sum(map(len, items)) > _MANY:
        return False
    for _ in range(MAX_DEPTH):
        items = get_referents(*items)
        kinds = set(map(type, items))
        if len(items) > _MANY or not kinds <= _PLAIN:
            return False
        if float in kinds and not isfinite(sum([item for item in items if type(item) is float])):
            return False
        if kinds <= _LEAVES:
            return True
        if not kinds.isdisjoint(_ARRAYS):
            # A long array takes less time one by one, and no memory for all that it contains.
            sizes = [len(item) for item in items if type(item) in _ARRAYS]
            if sum(sizes) > _FEW + len(items):
                return False
    return False


def _is_plain(content: list[Any], *, check_floats: bool) -> bool:
    """Tell whether free-form content is of exact types, with strings as keys, and not too deep.

    Args:
        content: dicts, lists and tuples.
        check_floats: whether to look for floats that JSON does not have.

    """
    level = content
    for _ in range(MAX_DEPTH):
        find = _find_inner if len(level) <= _MANY else _find_inner_of_many
        inner = find(level, check_floats=check_floats)
        if not inner:
            return inner is not None
        level = inner
    return False


def _find_inner_of_many(containers: list[Any], *, check_floats: bool) -> list[Any] | None:
    """Do what `_find_inner` does, in parts."""
    all_inner: list[Any] = []
    for start in range(0, len(containers), _MANY):
        inner = _find_inner(containers[start : start + _MANY], check_floats=check_floats)
        if inner is None:
            return None
        all_inner += inner
    return all_inner


def _find_inner(containers: list[Any], *, check_floats: bool) -> list[Any] | None:
    """Return the containers that are items of others; None if an item or key is not plain."""
    size = sum(map(len, containers))
    if size > _MANY:
        # Content that is there many times, on many levels, would take for ever.
        containers = list(dict(zip(map(id, containers), containers, strict=True)).values())
        size = sum(map(len, containers))
    leaves = _EXACT_LEAVES if check_floats else _LEAVES
    items = _list_items(containers, size)
    if items is None:
        inner = _look_one_by_one(containers, leaves)
        if inner is None:
            return None
    else:
        inner = [item for item in items if type(item) not in leaves]
    if check_floats:
        floats = [item for item in inner if type(item) is float]
        if floats:
            if not isfinite(sum(floats)):
                return None
            inner = [item for item in inner if type(item) is not float]
    return inner if _CONTAINERS.issuperset(map(type, inner)) else None


def _list_items(containers: list[Any], size: int) -> list[Any] | None:
    """Return the items of dicts, lists and tuples; None if they have to be looked at one by one.

    The garbage collector is shown each item of a container, and of a dict the keys too if one of
    them is, or was, no exact str. So there is no such key where there are as many referents as
    items. From Python 3.13 on it is not shown the items of an instance's `__dict__`.

    Args:
        containers: the dicts, lists and tuples.
        size: how many items they have in all.

    """
    if _SHOWS_ITEMS and size <= _LONG * len(containers):
        items = get_referents(*containers)
        if len(items) == size:
            return items
    return None


def _look_one_by_one(containers: list[Any], leaves: frozenset[type]) -> list[Any] | None:
    """Return the items of dicts, lists and tuples but for `leaves`; None if a key is no exact str.

    Floats may be left out where all are such as JSON has.
    """
    inner: list[Any] = []
    for container in containers:
        if type(container) is _Dict:
            for key, item in container.items():
                if type(key) is not str:
                    return None
                if type(item) not in leaves:
                    inner.append(item)
        elif len(container) < _LONG or not (
            leaves.issuperset(map(type, container)) or _are_finite(container)
        ):
            for item in container:
                if type(item) not in leaves:
                    inner.append(item)  # noqa: PERF401 - most arrays are short
    return inner


_SHOWS_ITEMS = sys.implementation.name == "cpython" and sys.version_info < (3, 13)
"""Whether the garbage collector is shown what `_list_items` says."""

_FEW = 1_000
"""How many objects wait, dates and times are matched, or roots of content are seen together."""

_MANY = 10_000
"""How many containers are looked at together, or how many items of them if each is there once.

Also how many items are seen together.
"""

_LONG = 16
"""Items of an array, or of containers on average, from which on one by one takes less time."""

_TEXT: frozenset[type] = frozenset({str})
_FLOAT: frozenset[type] = frozenset({float})
_EXACT_LEAVES: frozenset[type] = frozenset({str, int, bool, type(None)})
_LEAVES = _EXACT_LEAVES | _FLOAT
_ARRAYS: frozenset[type] = frozenset({list, tuple})
_CONTAINERS = _ARRAYS | {dict}
_PLAIN = _LEAVES | _CONTAINERS


def decode(data: bytes) -> Any:
    """Return the value of a JSON text in UTF-8, as JSON has it: no NaN, no infinity.

    Raises:
        ValueError: not UTF-8, or not JSON.
        RecursionError: nested too deeply for this interpreter.

    """
    return _decoder.decode(data.decode().removeprefix("\ufeff"))
