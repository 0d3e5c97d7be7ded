"""`Setting`: one attribute of a configuration, with its default, its check and its meaning."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

T = TypeVar("T")
S = TypeVar("S")


class Setting(Generic[T, S]):
    """One attribute of `Configuration`: its default, its check and its meaning, said once.

    It reads as a `T`, and may be set to any `S`; deleting it brings its default back, which is what
    its environment variable says, if it has one that is set.

    Args:
        default: the value of a configuration that does not set it.
        check: takes the name and a new value; returns what is kept of it, or raises.
        description: what it means, its unit, and what None and 0 mean.
        secret: whether it is shown masked and left out of pickles.
        variable: name of its environment variable; None if it has none.

    """

    name: str

    def __init__(
        self,
        default: Any,
        check: Callable[[str, Any], Any],
        description: str,
        *,
        secret: bool = False,
        variable: str | None = None,
    ) -> None:
        self.default = default
        self.check = check
        self.description = description
        self.secret = secret
        self.variable = variable

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object, owner: type) -> Any:
        if instance is None:
            return self
        return vars(instance).get(self.name, self.default)

    def __set__(self, instance: object, value: S) -> None:
        vars(instance)[self.name] = self.check(self.name, value)
        vars(instance)["changes"] += 1

    def __delete__(self, instance: object) -> None:
        setattr(instance, self.name, self.default)
        self.take_from_environment(instance)

    def take_from_environment(self, instance: object) -> None:
        """Keep the value of the environment variable, if it is set and not empty."""
        value = os.environ.get(self.variable) if self.variable else None
        if value:
            vars(instance)[self.name] = self.check(f"environment variable {self.variable}", value)


Same = Setting[T, T]
"""A setting that reads as what it is set to."""
