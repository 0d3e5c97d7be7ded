"""Starting threads, which fails as the interpreter ends or the system has none left."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable


def start_thread(name: str, target: Callable[[], None]) -> threading.Thread | None:
    """Start a daemon thread; None if none can be started."""
    # In a finalizer after the exit functions, starting one blocks forever on Python 3.11.
    if sys.is_finalizing():
        return None
    try:  # a subinterpreter may refuse to construct daemon threads
        thread = threading.Thread(target=target, name=f"gentrace-delivery-{name}", daemon=True)
        thread.start()
    except RuntimeError:
        return None
    return thread
