"""Functions that are given what may be a secret."""

from __future__ import annotations

from contextlib import suppress
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

P = ParamSpec("P")
T = TypeVar("T")


def hide_arguments(function: Callable[P, T]) -> Callable[P, T]:
    """Decorate a function so that no frame in the traceback of its error shows its arguments.

    Error trackers collect the locals of all frames in a traceback. So do wrong calls, such as one
    by a keyword that the function does not have.
    """

    @wraps(function)
    def call(*args: P.args, **keywords: P.kwargs) -> T:
        try:
            return function(*args, **keywords)
        except BaseException as error:
            _clear_frames(error.__traceback__)
            raise
        finally:
            del args, keywords

    return call


def _clear_frames(place: TracebackType | None) -> None:
    """Take the locals from the frames of a function that has ended, and of those that it called."""
    # Without the first one, which still runs.
    while place is not None and place.tb_next is not None:
        place = place.tb_next
        with suppress(RuntimeError):  # of an error raised before, in a frame that still runs
            place.tb_frame.clear()
