"""Calling a function that recurses where little of the stack may be left."""

from __future__ import annotations

import sys
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")


def with_fresh_stack(function: Callable[..., Result], *arguments: object) -> Result:
    """Return `function(*arguments)`; if the stack ends, call it again in a thread of its own.

    JSON of 200 levels must be taken wherever the program calls from. The recursion limit is of each
    thread, and a new thread has all of it.

    Raises:
        RecursionError: the interpreter's limit is too low for it, or no thread can be started.

    """
    try:
        return function(*arguments)
    except Exception as error:
        # The stack may have ended in user code: then it is the cause of an ApiValueError.
        is_full = any(isinstance(each, RecursionError) for each in (error, error.__cause__))
        # In a finalizer after the exit functions, starting a thread blocks forever on Python 3.11.
        if not is_full or sys.is_finalizing():
            raise
        try:
            outcome = _call_in_thread(function, arguments)
        except RuntimeError:
            raise error from None
    if isinstance(outcome, BaseException):
        try:
            raise outcome
        finally:
            del outcome  # its traceback would refer back to it
    return cast("Result", outcome[0])


def _call_in_thread(
    function: Callable[..., object], arguments: tuple[object, ...]
) -> BaseException | list[Any]:
    """Return what the function raised, or else a list of what it returned."""
    from threading import Thread  # noqa: PLC0415 - hardly any program needs it

    outcomes: list[BaseException | list[Any]] = []
    context = copy_context()

    def call() -> None:
        try:
            outcomes.append([context.run(function, *arguments)])
        except BaseException as error:  # noqa: BLE001 - raised where it was called
            outcomes.append(error)

    thread = Thread(target=call, name="gentrace-fresh-stack", daemon=True)
    thread.start()
    thread.join()
    return outcomes.pop()
