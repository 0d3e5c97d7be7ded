"""`Setting`: one attribute of a configuration, with its default and its check."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

T = TypeVar("T")
S = TypeVar("S")


class Setting(Generic[T, S]):
    """One attribute of `Configuration`, with its default and its check.

    It reads as a `T`, and may be set to any `S`. What is set is kept in the instance's `__dict__`,
    where Python looks first; this gives the default of one that is not.

    Args:
        default: the value of a configuration that does not set it.
        check: takes the name and a new value; returns what is kept of it, or raises.
        secret: whether it is shown masked and left out of pickles.
        variable: name of its environment variable; None if it has none.
        elsewhere: names that other clients have for it, with blanks between them.

    """

    def __init__(
        self,
        default: Any,
        check: Callable[[str, Any], Any],
        *,
        secret: bool = False,
        variable: str | None = None,
        elsewhere: str = "",
    ) -> None:
        self.default = default
        self.check = check
        self.secret = secret
        self.variable = variable
        self.elsewhere = elsewhere

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object, owner: type) -> Any:
        return self if instance is None else self.default

    if TYPE_CHECKING:

        def __set__(self, instance: object, value: S) -> None: ...
        def __delete__(self, instance: object) -> None: ...

    def read_environment(self) -> Any:
        """Return the checked value of the environment variable; None if not set, or empty."""
        value = os.environ.get(self.variable) if self.variable else None
        return self.check(f"environment variable {self.variable}", value) if value else None


Same = Setting[T, T]
"""A setting that reads as what it is set to."""
