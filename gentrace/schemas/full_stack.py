"""Calling a function that recurses, however little is left of the stack."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
Result = TypeVar("Result")


def call_with_full_stack(
    function: Callable[P, Result], *args: P.args, **keywords: P.kwargs
) -> Result:
    """Call a function; once more in a thread, whose stack is empty, if this stack is too short.

    Raises:
        RecursionError: a whole stack is too short, or no thread can be started.

    """
    try:
        return function(*args, **keywords)
    except RecursionError:
        pass
    results: list[Result] = []
    errors: list[BaseException] = []

    def call() -> None:
        try:
            results.append(function(*args, **keywords))
        except BaseException as error:  # noqa: BLE001 - the caller raises it
            errors.append(error)

    thread = Thread(target=call, name="gentrace-full-stack")
    try:
        thread.start()
    except RuntimeError as error:
        raise RecursionError(f"the stack is too short, and no thread starts: {error}") from None
    thread.join()
    if errors:
        raise errors.pop()
    return results.pop()
