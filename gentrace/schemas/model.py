"""The base of models: checked objects that never change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping  # noqa: TC003 - annotations are read at run time
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

from frozendict import frozendict

from gentrace.exceptions import (
    SHOWN_KEY,
    ApiAttributeError,
    ApiKeyError,
    ApiTypeError,
    ApiValueError,
)
from gentrace.schemas.absent import unset
from gentrace.schemas.builtin_types import Dict, type_of
from gentrace.schemas.conversions import OBJECT, ask, dict_of_pairs, is_instance, simplify
from gentrace.schemas.free_form import check_key, freeze
from gentrace.schemas.frozen import freeze_as
from gentrace.schemas.json_text import encode
from gentrace.schemas.near_misses import likely_name, warn_of_near_miss
from gentrace.schemas.properties import Property
from gentrace.schemas.rules import ANSWER_RULES, REQUEST_RULES
from gentrace.schemas.showing import Signature, show_model, thaw
from gentrace.schemas.words import describe, mismatch, show

if TYPE_CHECKING:
    from collections.abc import Callable

    from gentrace.schemas.rules import Rules


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
    """The wire names of the declared properties, by those Python names that are not wire names."""

    required_oapg: ClassVar[tuple[str, ...]] = ()
    """The wire names of those that must be there."""

    def __init_subclass__(cls) -> None:
        own: list[Property[Any]] = [
            item for item in vars(cls).values() if isinstance(item, Property)
        ]
        cls.properties_oapg = {**cls.properties_oapg, **{item.wire_name: item for item in own}}
        declared = cls.properties_oapg.values()
        cls.wire_names_oapg = {
            item.name: item.wire_name for item in declared if item.name not in cls.properties_oapg
        }
        cls.required_oapg = tuple(item.wire_name for item in declared if item.required)

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
            if not args:
                return cls._check_items(keywords, REQUEST_RULES)
            (given,) = args
            if is_instance(given, "collections.abc", "Iterator"):
                given = ask(dict_of_pairs, given)
            items = cls._items_of(given)
            if keywords:
                return cls._merge(items, keywords)
            return cls._check_items(items, REQUEST_RULES)

        def __init__(self, /, *args: object, **keywords: object) -> None:
            """Do nothing, whatever the names of the properties are: the model is made."""

        __signature__ = Signature()

        __setitem__ = __delitem__ = _refuse_as(ApiTypeError)
        __setattr__ = __delattr__ = clear = pop = popitem = update = _refuse_as(ApiAttributeError)

        def __getattr__(self, name: str) -> object:
            if name in self and name not in self.properties_oapg:
                raise ApiAttributeError(
                    f"{type(self).__name__} declares no {show(name)}, which it holds: "
                    f"it is read as an item, [{show(name)}]"
                )
            names = [item.name for item in self.properties_oapg.values()]
            raise ApiAttributeError(_no_such_name(self, name, names))

    @classmethod
    def from_openapi_data_oapg(cls, data: Mapping[str, object]) -> Self:
        """Make a model from a mapping in wire names only, as an answer is read.

        Raises:
            ApiTypeError: a value of the wrong type, or a required property is missing.
            ApiValueError: a value that is not allowed.

        """
        return cls.check_oapg(data, ANSWER_RULES)

    @classmethod
    def check_oapg(cls, value: object, rules: Rules) -> Self:
        """Return the model that a value stands for; a model of this class is it already.

        Raises:
            ApiTypeError: a value of the wrong type, or a required property is missing.
            ApiValueError: a value that is not allowed, or a property given by both of its names.

        """
        if type(value) is cls:
            return value
        return cls._check_items(cls._items_of(value), rules)

    @classmethod
    def wire_items_oapg(cls, items: Mapping[Any, object]) -> dict[str, Any]:
        """Return `items` with the declared properties by their wire names, those unset too.

        Raises:
            ApiTypeError: a key is no string.
            ApiValueError: a property is given by both of its names.

        """
        renamed: dict[str, object] = {}
        for given, item in items.items():
            key = cls._wire_name(given)
            if renamed.get(key, unset) is unset:
                renamed[key] = item
            elif item is not unset:
                raise _given_twice(cls, key)
        return renamed

    @classmethod
    def _items_of(cls, value: Any) -> dict[Any, Any]:
        if issubclass(type_of(value), Model):
            return value  # type: ignore[no-any-return]
        return value if type(value) is Dict else simplify(value, "an object", *OBJECT)

    @classmethod
    def _check_items(  # noqa: C901 - one loop over the properties, as calls take longer
        cls, items: dict[Any, Any], rules: Rules, *, by_wire_names: bool = False
    ) -> Self:
        """Return the model of properties; those of a model go by wire names."""
        wire_names, properties = cls.wire_names_oapg, cls.properties_oapg
        rename = rules.python_names and not by_wire_names and not issubclass(type(items), Model)
        checked: dict[str, Any] = {}
        unknown: list[str] = []
        # Of a copy, as what its items do when they are asked may change it.
        for given, item in items.copy().items():
            key = given if type(given) is str and given.isascii() else check_key(given)
            if item is unset:
                continue
            if rename:
                key = wire_names.get(key, key)
                if key in checked:
                    raise _given_twice(cls, key)
            declared = properties.get(key)
            if declared is None:
                unknown.append(key)
            try:
                checked[key] = declared.schema.check(item, rules) if declared else freeze(item)
            except (ApiTypeError, ApiValueError) as error:
                error.move_under(key)
                raise
        if rules.check_required:
            for name in cls.required_oapg:
                if name not in checked:
                    raise ApiTypeError(_missing(properties[name], unknown), ())
        if rules.python_names:
            for name in unknown:
                warn_of_near_miss(cls, name)
        return freeze_as(cls, checked)

    @classmethod
    def _merge(cls, items: Mapping[Any, object], changes: Mapping[Any, object]) -> Self:
        """Return the model of properties, some of which are changed, also to `unset`."""
        kept = items if issubclass(type(items), Model) else cls.wire_items_oapg(items)
        merged = {**kept, **cls.wire_items_oapg(changes)}
        return cls._check_items(merged, REQUEST_RULES, by_wire_names=True)

    def get_item_oapg(self, name: str) -> Any:
        """Return the property with this wire name, or `unset` where it is absent."""
        return self.get(name, unset)

    def __missing__(self, key: object) -> object:
        raise ApiKeyError(_no_such_name(self, key, self.properties_oapg))

    @classmethod
    def _wire_name(cls, name: object) -> str:
        key = check_key(name)
        return cls.wire_names_oapg.get(key, key)

    def __or__(self, other: Mapping[Any, Any]) -> Any:
        if isinstance(other, dict):
            return self._merge(self, other)
        if hasattr(other, "__ror__"):
            return NotImplemented
        raise mismatch("an object", other)

    __ior__ = __or__

    def set(  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride]
        self, key: str, val: object
    ) -> Self:
        """Return a model with property `key`, by either of its names, set to `val`."""
        return self._merge(self, {self._wire_name(key): val})

    def setdefault(  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride]
        self, key: str, default: object = None
    ) -> Self:
        """Return this model if it holds property `key`, else one where it is `default`."""
        wire_name = self._wire_name(key)
        return self if wire_name in self else self._merge(self, {wire_name: default})

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
        return self._check_items(kept, REQUEST_RULES, by_wire_names=True)

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
        return show_model(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Show it over several lines, as IPython asks for."""
        printer.text(repr(self))

    def __dir__(self) -> Iterable[str]:
        return sorted(set(super().__dir__()) - _REFUSED)

    def to_dict(self) -> dict[str, Any]:
        """Return a copy by wire names of plain dicts and lists, which may be changed."""
        copied: dict[str, Any] = thaw(self)
        return copied

    def to_json(self) -> str:
        """Return the compact JSON text, as it is sent."""
        return encode(self).decode()


def _given_twice(model: type[Model], wire_name: str) -> ApiValueError:
    declared = model.properties_oapg.get(wire_name)
    name = declared.name if declared else wire_name
    return ApiValueError(f"got both {name!r} and {wire_name!r}, give one of them", ())


def _missing(declared: Property[Any], unknown: list[str]) -> str:
    names = dict.fromkeys((declared.wire_name, declared.name))
    near = [name for name in unknown if likely_name(name, [declared.name])]
    hint = f", got {show(near[0])} in its place" if near else ""
    return f"missing the required property {' or '.join(map(repr, names))}{hint}"


def _no_such_name(model: Model, name: object, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only an error needs it

    if type(name) is not str:
        return f"{type(model).__name__} has no {describe(name)}"
    names = {item.name: item.wire_name for item in model.properties_oapg.values()}
    other = {**names, **{wire_name: own for own, wire_name in names.items()}}.get(name, "")
    like = get_close_matches(name[:SHOWN_KEY], list(known), 1)
    close = other if other in known else next(iter(like), "")
    hint = f": did you mean {close!r}?" if close and close != name else ""
    return f"{type(model).__name__} has no {show(name)}{hint}"


_REFUSED = frozenset({"clear", "pop", "popitem", "update", "__setitem__", "__delitem__"})
"""Methods of a dict that a model always refuses."""
