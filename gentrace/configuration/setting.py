"""`Setting`: one attribute of a configuration, with its default and its check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

T = TypeVar("T")
S = TypeVar("S")


@dataclass(eq=False, repr=False)
class Setting(Generic[T, S]):
    """One attribute of `Configuration`, with its default and its check.

    It reads as a `T`, and may be set to any `S`. A value that is set is stored in the instance's
    `__dict__`, where Python looks first; this descriptor returns the default otherwise.

    Args:
        default: the value while none is set.
        check: takes the name and a new value; returns the value to store, or raises.
        apply: takes the name and the checked value, and changes the process; may raise. None
            changes nothing.
        secret: whether it is masked where it is shown, and left out of pickles.
        environment_variable: name of its environment variable; None if it has none.
        other_names: names for it in other clients, which errors recognize, separated by blanks.

    """

    default: Any
    check: Callable[[str, Any], Any]
    _: KW_ONLY
    apply: Callable[[str, Any], object] | None = None
    secret: bool = False
    environment_variable: str | None = None
    other_names: str = ""

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object, owner: type) -> Any:
        return self if instance is None else self.default

    if TYPE_CHECKING:

        def __set__(self, instance: object, value: S) -> None: ...
        def __delete__(self, instance: object) -> None: ...


Same = Setting[T, T]
"""A setting that reads as what it is set to."""
