"""Tracebacks without secrets, for functions whose arguments may be secret."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from types import TracebackType
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def hide_arguments(function: Callable[P, T]) -> Callable[P, T]:
    """Decorate a function to clear the locals of its frames from the traceback of its errors.

    Error trackers report the locals of all frames in a traceback. Decorating also covers calls that
    fail before the function starts, such as one with an unknown keyword.
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


def _clear_frames(traceback: TracebackType | None) -> None:
    """Clear the locals of all frames below the decorator's own frame, which still runs."""
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
        with suppress(RuntimeError):  # a frame still runs if its error was raised earlier
            traceback.tb_frame.clear()
