"""Whose an exception is: the handler of a signal raises what it likes, wherever a call is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, TracebackType


def pass_on_handlers_error(error: BaseException) -> None:
    """Raise which of an error and its causes a signal's handler raised; return if none of them.

    Such a one is no failure of what it interrupted, whatever its class: `TimeoutError` is usual.
    """
    signal = sys.modules.get("signal")
    if signal is None:  # whoever sets a handler has loaded it
        return
    handlers = {
        getattr(signal.getsignal(number), "__code__", None) for number in signal.valid_signals()
    }
    link: BaseException | None = error
    while link is not None:
        if not handlers.isdisjoint(_codes(link.__traceback__)):
            raise link
        link = link.__cause__ or link.__context__


def _codes(traceback: TracebackType | None) -> Iterator[CodeType]:
    while traceback is not None:
        yield traceback.tb_frame.f_code
        traceback = traceback.tb_next
