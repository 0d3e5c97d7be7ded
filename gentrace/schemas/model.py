"""`Model`, the base class of all models: validated, immutable mappings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

from frozendict import frozendict

from gentrace.exceptions import ApiAttributeError, ApiKeyError, ApiTypeError, ApiValueError
from gentrace.schemas.absent import unset
from gentrace.schemas.builtin_types import Dict, is_instance, type_of
from gentrace.schemas.conversions import OBJECT, ask, dict_of_pairs, simplify
from gentrace.schemas.free_form import check_key, freeze
from gentrace.schemas.frozen import freeze_as
from gentrace.schemas.json_text import encode
from gentrace.schemas.near_misses import likely_name, suggest, warn_of_near_miss
from gentrace.schemas.properties import Property
from gentrace.schemas.representation import Signature, represent_model, thaw
from gentrace.schemas.rules import ANSWER_RULES, REQUEST_RULES, Rules
from gentrace.schemas.words import describe, mismatch, show


def _blocked_mutator(error: type[ApiTypeError | ApiAttributeError]) -> Callable[..., NoReturn]:
    """Return a mutating method of dicts that always raises."""

    def refuse(self: Model, /, *_: object, **_keywords: object) -> NoReturn:
        raise error(
            f"a {type(self).__name__} cannot change: "
            f"its set(name, value) and delete(name) make another"
        )

    return refuse


class Model(frozendict[str, Any]):
    """A validated object of the document: a deeply immutable mapping by wire names.

    Subclasses declare their properties with `required` and `optional`. A model is made from
    keywords, from a mapping or from both; then a keyword wins, even if it is `unset`. A declared
    property may be given by its Python name or by its wire name. Properties that the document does
    not declare are kept.

    Raises:
        ApiTypeError: a value has the wrong type, or a required property is missing.
        ApiValueError: a value is not allowed, or a property is given by both of its names.

    """

    __slots__ = ()

    properties_oapg: ClassVar[Mapping[str, Property[Any]]] = {}
    """The declared properties, by wire name."""

    wire_names_oapg: ClassVar[Mapping[str, str]] = {}
    """The wire names of declared properties by their Python names, unless both are the same."""

    required_oapg: ClassVar[tuple[str, ...]] = ()
    """The wire names of the required properties."""

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
            """Make a model from a mapping, from keywords or from both.

            `dataclasses.asdict` passes an iterator of pairs in place of the mapping.
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
            """Do nothing: `__new__` has made the model. A property may be called `self`."""

        __signature__ = Signature()

        __setitem__ = __delitem__ = _blocked_mutator(ApiTypeError)
        __setattr__ = __delattr__ = clear = pop = popitem = update = _blocked_mutator(
            ApiAttributeError
        )

        def __getattr__(self, name: str) -> object:
            if name in self and name not in self.properties_oapg:
                raise ApiAttributeError(
                    f"{type(self).__name__} declares no {show(name)}, which it holds: "
                    f"it is read as an item, [{show(name)}]"
                )
            names = [item.name for item in self.properties_oapg.values()]
            raise ApiAttributeError(_unknown_name_message(self, name, names))

    @classmethod
    def from_openapi_data_oapg(cls, data: Mapping[str, object]) -> Self:
        """Make a model from a mapping by wire names only, as answers are read.

        Raises:
            ApiTypeError: a value has the wrong type, or a required property is missing.
            ApiValueError: a value is not allowed.

        """
        return cls.check_oapg(data, ANSWER_RULES)

    @classmethod
    def check_oapg(cls, value: object, rules: Rules) -> Self:
        """Validate a value and return the model of it; a model of this class is returned as it is.

        Raises:
            ApiTypeError: a value has the wrong type, or a required property is missing.
            ApiValueError: a value is not allowed, or a property is given by both of its names.

        """
        if type(value) is cls:
            return value
        return cls._check_items(cls._items_of(value), rules)

    @classmethod
    def _by_wire_names(cls, items: Mapping[Any, object]) -> dict[str, Any]:
        """Rename declared properties to their wire names; a property that is `unset` is kept.

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
                raise _duplicate_error(cls, key)
        return renamed

    @classmethod
    def _items_of(cls, value: Any) -> dict[Any, Any]:
        if issubclass(type_of(value), Model):
            return value  # type: ignore[no-any-return]
        return value if type(value) is Dict else simplify(value, "an object", *OBJECT)

    @classmethod
    def _check_items(  # noqa: C901 - one loop over the properties, as calls are slow
        cls, items: dict[Any, Any], rules: Rules, *, has_wire_names: bool = False
    ) -> Self:
        """Validate properties and return the model of them.

        Args:
            items: the properties, by name.
            rules: how strictly they are validated.
            has_wire_names: whether all names are wire names; those of a model always are.

        """
        wire_names, properties = cls.wire_names_oapg, cls.properties_oapg
        rename = rules.python_names and not has_wire_names and not issubclass(type(items), Model)
        checked: dict[str, Any] = {}
        unknown: list[str] = []
        # Iterate over a copy: converting an item runs its code, which may change the dict.
        for given, item in items.copy().items():
            key = given if type(given) is str and given.isascii() else check_key(given)
            if item is unset:
                continue
            if rename:
                key = wire_names.get(key, key)
                if key in checked:
                    raise _duplicate_error(cls, key)
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
                    raise ApiTypeError(_missing_message(properties[name], unknown), ())
        if rules.python_names:
            for name in unknown:
                warn_of_near_miss(cls, name)
        return freeze_as(cls, checked)

    @classmethod
    def _merge(cls, items: Mapping[Any, object], changes: Mapping[Any, object]) -> Self:
        """Return the model of `items` with `changes` applied; `unset` removes a property."""
        kept = items if issubclass(type(items), Model) else cls._by_wire_names(items)
        merged = {**kept, **cls._by_wire_names(changes)}
        return cls._check_items(merged, REQUEST_RULES, has_wire_names=True)

    def get_item_oapg(self, name: str) -> Any:
        """Return the property with this wire name, or `unset` if it is absent."""
        return self.get(name, unset)

    def __missing__(self, key: object) -> object:
        raise ApiKeyError(_unknown_name_message(self, key, self.properties_oapg))

    @classmethod
    def _wire_name(cls, name: object) -> str:
        key = check_key(name)
        return cls.wire_names_oapg.get(key, key)

    def __or__(self, other: Mapping[Any, Any]) -> Self:  # type: ignore[override]
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
        """Return this model if it has property `key`, else one with `key` set to `default`."""
        wire_name = self._wire_name(key)
        return self if wire_name in self else self._merge(self, {wire_name: default})

    def delete(self, key: str) -> Self:
        """Return a model without property `key`, by either of its names.

        Raises:
            ApiKeyError: the model does not have it.
            ApiTypeError: it is required, or the key is no string.

        """
        wire_name = self._wire_name(key)
        if wire_name not in self:
            raise ApiKeyError(_unknown_name_message(self, key, self.properties_oapg))
        return self._merge(self, {wire_name: unset})

    @classmethod
    def fromkeys(cls, seq: Iterable[str], value: object = None) -> Self:
        """Return a model with each property named in `seq` set to `value`."""
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

    def __replace__(self, /, **changes: object) -> Self:
        """Return a model with some properties changed; `copy.replace` of Python 3.13 calls this."""
        return self._merge(self, changes)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_openapi_data_oapg, (dict(self),)

    def __repr__(self) -> str:
        return represent_model(self)

    def to_dict(self) -> dict[str, Any]:
        """Return a mutable copy by wire names, of plain dicts and lists."""
        copied: dict[str, Any] = thaw(self)
        return copied

    def to_json(self) -> str:
        """Return the compact JSON text, as it is sent."""
        return encode(self).decode()


def _duplicate_error(model: type[Model], wire_name: str) -> ApiValueError:
    declared = model.properties_oapg.get(wire_name)
    name = declared.name if declared else wire_name
    return ApiValueError(f"got both {name!r} and {wire_name!r}, give one of them", ())


def _missing_message(declared: Property[Any], unknown: list[str]) -> str:
    names = dict.fromkeys((declared.wire_name, declared.name))
    near = [name for name in unknown if likely_name(name, [declared.name])]
    hint = f", got {show(near[0])} in its place" if near else ""
    return f"missing the required property {' or '.join(map(repr, names))}{hint}"


def _unknown_name_message(model: Model, name: object, known: Iterable[str]) -> str:
    shown, hint = (show(name), suggest(name, known)) if type(name) is str else (describe(name), "")
    return f"{type(model).__name__} has no {shown}{hint}"
