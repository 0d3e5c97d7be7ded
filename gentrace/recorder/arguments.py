"""The inputs of a decorated function: its bound arguments by name."""

from __future__ import annotations

from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Arguments:
    """Binds the arguments of calls of one function.

    Args:
        function: the function.

    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._signatures: list[Signature] | None = None

    def bind(self, args: tuple[Any, ...], keywords: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the arguments of a call by name, defaults included.

        None if they do not fit, or if nothing says what they are called, as of some builtins.

        A first parameter called `self` or `cls` is left out. Positional ones without a name are a
        list under that of their parameter, keywords without one stand beside the others.
        """
        if self._signatures is None:
            self._signatures = _signatures_of(self._function)
        for one in self._signatures:
            try:
                bound = one.bind(*args, **keywords)
            except TypeError:
                continue
            bound.apply_defaults()
            return _by_name(one, bound.arguments)
        return None


def _signatures_of(function: Callable[..., Any]) -> list[Signature]:
    """Return that of what it wraps, as its own is often `(*args, **kwargs)`; and its own."""
    try:
        return [signature(function, follow_wrapped=follow) for follow in (True, False)]
    except ValueError:
        return []


def _by_name(one: Signature, arguments: Mapping[str, Any]) -> dict[str, Any]:
    inputs: dict[str, Any] = {}
    more: dict[str, Any] = {}
    for index, parameter in enumerate(one.parameters.values()):
        value = arguments[parameter.name]
        if index == 0 and parameter.name in _OWNERS:
            continue
        if parameter.kind is Parameter.VAR_KEYWORD:
            more = value
        else:
            inputs[parameter.name] = value
    return {**more, **inputs}


_OWNERS = {"self", "cls"}
