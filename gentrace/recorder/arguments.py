"""The inputs of a call of a decorated function: its bound arguments by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import Parameter, Signature
from typing import Any

from gentrace.schemas.annotations import signature_of


class ArgumentBinder:
    """Binds the arguments of the calls of one function.

    Args:
        function: the function.

    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._signatures: list[Signature] | None = None

    def bind(self, args: tuple[Any, ...], keywords: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the arguments of a call by name, defaults included.

        A first parameter named `self` or `cls` is left out. The arguments of `*args` are a list
        under its name; those of `**kwargs` stand beside the others.

        Returns:
            The arguments; None if they do not fit the signature, or if there is none, as of some
            builtins.

        """
        if self._signatures is None:
            self._signatures = _signatures_of(self._function)
        for each in self._signatures:
            try:
                bound = each.bind(*args, **keywords)
            except TypeError:
                continue
            bound.apply_defaults()
            return _by_name(each, bound.arguments)
        return None


def _signatures_of(function: Callable[..., Any]) -> list[Signature]:
    """Return the signature of the wrapped function, then the function's own.

    The wrapped one is preferred, as that of a wrapper is often only `(*args, **kwargs)`.
    """
    try:
        return [signature_of(function, follow_wrapped=follow) for follow in (True, False)]
    except ValueError:
        return []


def _by_name(bound_to: Signature, arguments: Mapping[str, Any]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for index, parameter in enumerate(bound_to.parameters.values()):
        value = arguments[parameter.name]
        if index == 0 and parameter.name in {"self", "cls"}:
            continue
        if parameter.kind is Parameter.VAR_KEYWORD:
            extra = value
        else:
            named[parameter.name] = value
    return {**extra, **named}
