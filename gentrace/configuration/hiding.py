"""Functions that are given what may be a secret."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

from gentrace.exceptions import OpenApiException

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

P = ParamSpec("P")
T = TypeVar("T")


def hide_arguments(function: Callable[P, T]) -> Callable[P, T]:
    """Decorate a function so that no frame in the traceback of its error shows what it was given.

    Error trackers collect the locals of all frames in a traceback.
    """

    @wraps(function)
    def call(*args: P.args, **keywords: P.kwargs) -> T:
        try:
            return function(*args, **keywords)
        except OpenApiException as error:
            # Without the frame of this function, which cannot be cleared while it runs.
            place = below = cast("TracebackType", error.__traceback__).tb_next
            while place is not None:
                place.tb_frame.clear()
                place = place.tb_next
            refusal = error.with_traceback(below)
        finally:
            del args, keywords
        raise refusal

    return call
