"""Functions that are given what may be a secret."""

from __future__ import annotations

from functools import partial, wraps
from typing import TYPE_CHECKING, ParamSpec

from gentrace.configuration import error_of

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")


def hide_arguments(function: Callable[P, None]) -> Callable[P, None]:
    """Decorate a function so that no frame in a traceback of its refusal shows its arguments."""

    @wraps(function)
    def call(*args: P.args, **keywords: P.kwargs) -> None:
        try:
            error = error_of(partial(function, *args, **keywords))
        finally:
            del args, keywords
        if error is not None:
            raise error

    return call
