"""What records the calls of a decorated function, whatever its kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class Recording(Protocol):
    """One call of a decorated function; nothing here raises but what a mask lets pass."""

    def enter(self) -> None:
        """Make it current in this context: before the function goes on."""

    def leave(self) -> None:
        """Make current again what was before: when the function returns, yields or raises."""

    def take_item(self, item: object) -> None:
        """Take what a generator yielded."""

    def take_result(self, result: object) -> None:
        """Take what the function returned."""

    def finish(self, error: BaseException | None = None) -> None:
        """End it; `error` is the exception that left the function."""


Begin = Callable[[tuple[Any, ...], dict[str, Any]], Recording | None]
"""Starts the recording of a call, given its arguments; None where it is not recorded."""
