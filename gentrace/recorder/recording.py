"""The interface between a decorated function of any kind and the recording of one of its calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class Recording(Protocol):
    """The recording of one call; its methods raise nothing but an exception of the mask.

    Functions and coroutines run in a `with` block of it; a generator enters and leaves it with each
    advance.
    """

    def __enter__(self) -> Any:
        """Make it current in this context."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        """Make the previous scope current again, and end the recording."""

    def enter(self) -> None:
        """Make it current in this context, before the generator starts or resumes."""

    def leave(self) -> None:
        """Make the previous scope current again, when the generator yields, returns or raises."""

    def record_item(self, item: object) -> None:
        """Record what a generator yielded."""

    def record_result(self, result: object) -> None:
        """Record what the function returned."""

    def finish(self, error: BaseException | None = None) -> None:
        """End the recording; `error` is the exception that left the generator."""


StartRecording = Callable[[tuple[Any, ...], dict[str, Any]], Recording | None]
"""Starts the recording of a call, given its arguments; None if the call is not recorded."""
