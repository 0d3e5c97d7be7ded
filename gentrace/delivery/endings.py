"""Ending receipts, which calls their callbacks: these are the user's code and may raise."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from gentrace.delivery.notices import warn

if TYPE_CHECKING:
    from collections import deque

    from gentrace.delivery.receipt import DeliveryError, Receipt


def end_receipts(endings: deque[tuple[Receipt, str | DeliveryError]]) -> None:
    """End each receipt with its outcome; the caller holds no lock."""
    interrupt: BaseException | None = None
    while True:
        try:
            receipt, outcome = endings.popleft()
        except IndexError:
            break
        try:
            receipt.end(outcome)
        except BaseException as error:
            if not receipt.done():  # an interrupt came before it ended
                endings.append((receipt, outcome))
                raise
            # A callback raised it; the other receipts end first.
            is_main = threading.current_thread() is threading.main_thread()
            if is_main and not isinstance(error, Exception):
                interrupt = error  # such as Ctrl-C, which is raised in the main thread
            else:
                warn(f"a callback of a receipt raised {type(error).__name__}")
    if interrupt is not None:
        raise interrupt
