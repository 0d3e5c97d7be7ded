"""Ending receipts, whose callbacks may do anything."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from gentrace.delivery.notices import warn

if TYPE_CHECKING:
    from collections import deque

    from gentrace.delivery.receipt import DeliveryError, Receipt


def end_receipts(endings: deque[tuple[Receipt, str | DeliveryError]]) -> None:
    """End receipts with what each is to end with; whoever calls holds no lock."""
    interruption: BaseException | None = None
    while True:
        try:
            receipt, outcome = endings.popleft()
        except IndexError:
            break
        try:
            if isinstance(outcome, str):
                receipt.succeed(outcome)
            else:
                receipt.fail(outcome)
        except BaseException as error:
            if not receipt.done():  # an interrupt came before its end
                endings.append((receipt, outcome))
                raise
            # Of a callback; other receipts still end.
            is_main = threading.current_thread() is threading.main_thread()
            if is_main and not isinstance(error, Exception):
                interruption = error  # such as Ctrl-C, which comes there
            else:
                warn(f"a callback of a receipt raised {type(error).__name__}")
    if interruption is not None:
        raise interruption
