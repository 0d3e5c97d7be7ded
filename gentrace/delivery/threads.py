"""The threads of a delivery, where the interpreter still lets one start."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def start_thread(name: str, target: Callable[[], None]) -> threading.Thread | None:
    """Start a daemon thread; None where none is to be had, or the interpreter ends."""
    # In a finalizer after the exit functions, Python 3.11 would wait for it for ever.
    if sys.is_finalizing():
        return None
    thread = threading.Thread(target=target, name=f"gentrace-delivery-{name}", daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return None
    return thread
