"""Whose an exception is: the handler of a signal raises what it likes, wherever a call is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import CodeType, TracebackType


def pass_on_handlers_error(error: BaseException) -> None:
    """Raise an error, or the cause of it, that the handler of a signal has raised.

    Such a one is no failure of what it interrupted, whatever its class: `TimeoutError` is usual.
    If neither is one, this returns. A handler that has taken itself back is not known.
    """
    signal = sys.modules.get("signal")
    if signal is None:  # whoever sets a handler has loaded it
        return
    handlers = {_code_of(signal.getsignal(number)) for number in signal.valid_signals()}
    for link in causes(error):
        if not handlers.isdisjoint(_codes(link.__traceback__)):
            raise link


def causes(error: BaseException) -> list[BaseException]:
    """Return an error and what it came of, the first cause last, each once."""
    links: dict[int, BaseException] = {}
    link: BaseException | None = error
    while link is not None and id(link) not in links:
        links[id(link)] = link
        # PySocks says it in a way of its own.
        link = link.__cause__ or getattr(link, "socket_err", None)
    return list(links.values())


def _code_of(handler: Any) -> CodeType | None:
    """Return the code of a handler that is written in Python; None if there is none."""
    for _ in range(_WRAPPED):
        handler = getattr(handler, "func", None) or getattr(handler, "__wrapped__", handler)
    if not hasattr(handler, "__code__"):
        calls = [vars(kind).get("__call__") for kind in type(handler).__mro__]
        handler = next(filter(None, calls), None)
    code: CodeType | None = getattr(handler, "__code__", None)
    return code


_WRAPPED = 4
"""How many wrappers, such as `functools.partial`, a handler may have around it."""


def _codes(traceback: TracebackType | None) -> list[CodeType]:
    codes: list[CodeType] = []
    while traceback is not None:
        codes.append(traceback.tb_frame.f_code)
        traceback = traceback.tb_next
    return codes
