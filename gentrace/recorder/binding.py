"""`bind`: a function that runs in the context in which it was bound."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextvars import Context, copy_context
from functools import wraps
from inspect import iscoroutinefunction
from types import coroutine
from typing import Any, ParamSpec, TypeVar, cast

from gentrace.exceptions import ApiTypeError
from gentrace.schemas import describe

P = ParamSpec("P")
R = TypeVar("R")


def bind(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function take the current run and step along into a thread or an executor.

    Each call runs in a copy of the context of the moment when it was bound, with all context
    variables; so does the coroutine that a coroutine function returns. Tasks of asyncio and
    `asyncio.to_thread` need no binding.

    Raises:
        ApiTypeError: it is not a function.

    """
    if not callable(function):
        raise ApiTypeError(f"bind: expected a function, got {describe(function)}")
    context = copy_context()
    if iscoroutinefunction(function):
        return cast("Callable[P, R]", _bind_coroutine_function(function, context))

    @wraps(function)
    def bound(*args: P.args, **keywords: P.kwargs) -> R:
        return context.copy().run(function, *args, **keywords)

    return bound


def _bind_coroutine_function(function: Any, context: Context) -> Any:
    @wraps(function)
    async def bound(*args: Any, **keywords: Any) -> Any:
        return await _run_coroutine(context.copy(), function(*args, **keywords))

    return bound


@coroutine
def _run_coroutine(context: Context, inner: Any) -> Generator[Any, Any, Any]:
    """Run a coroutine in a context, in the task that awaits it: each advance enters the context."""
    advance: Any = inner.send
    argument: Any = None
    while True:
        try:
            awaited = context.run(advance, argument)
        except StopIteration as stop:
            return stop.value
        finally:
            argument = None  # an error would refer to this frame by its traceback
        try:
            argument = yield awaited
            advance = inner.send
        except BaseException as error:  # noqa: BLE001 - the coroutine decides
            advance, argument = inner.throw, error
