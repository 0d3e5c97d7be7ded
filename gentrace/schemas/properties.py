"""How the class of a model declares its properties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Never, Self, TypeVar, overload

from gentrace.schemas.absent import Unset, unset

if TYPE_CHECKING:
    from frozendict import frozendict

    from gentrace.schemas.document_types import Schema

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


def required(wire_name: str, schema: Schema[T], description: str) -> Property[T]:
    """Declare a required property."""
    return Property(wire_name, schema, description, required=True)


def optional(wire_name: str, schema: Schema[T], description: str) -> Property[T | Unset]:
    """Declare an optional property, which reads as `unset` while it is absent."""
    return Property(wire_name, schema, description, required=False)


class Property(Generic[T_co]):
    """One property of a model, as a descriptor: on an instance it reads as the property's value.

    Checks, signatures and documentation are all derived from it.

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
        self.description = self.__doc__ = description
        self.required = required

    def __set_name__(self, owner: type[object], name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type[object]) -> Self: ...
    @overload
    def __get__(self, instance: frozendict[str, Any], owner: type[object]) -> T_co: ...
    def __get__(self, instance: frozendict[str, Any] | None, owner: type[object]) -> Any:
        if instance is None:
            return self
        return instance.get(self.wire_name, unset)

    def __set__(self, instance: object, value: Never) -> None:
        """Raise; it exists because `help` shows the description of data descriptors only."""
        raise AttributeError(f"{self.name} is read-only")
