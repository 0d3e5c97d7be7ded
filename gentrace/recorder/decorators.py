"""Functions whose calls are recorded: plain ones and coroutines; `generators` has the others."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import (
    CO_ITERABLE_COROUTINE,
    isasyncgenfunction,
    iscoroutinefunction,
    isgeneratorfunction,
)
from types import BuiltinFunctionType, FunctionType, MethodType, coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from gentrace.exceptions import ApiTypeError
from gentrace.recorder.generators import record_async_generator, record_generator
from gentrace.schemas import describe
from gentrace.schemas.builtin_types import type_of

if TYPE_CHECKING:
    from gentrace.recorder.recording import StartRecording

Function = TypeVar(
    "Function", bound="Callable[..., Any] | classmethod[Any, ..., Any] | staticmethod[..., Any]"
)
"""A function of any kind, also inside of a `classmethod` or `staticmethod` object."""


def unwrap_function(what: str, function: Any) -> Any:
    """Return the function inside of a `classmethod` or `staticmethod` object; a function itself.

    Args:
        what: the name of the decorator, for the error.
        function: what is decorated.

    Raises:
        ApiTypeError: it is not a function.

    """
    inner = function.__func__ if _is_method_object(function) else function
    kind = type_of(inner)
    is_function = issubclass(kind, (FunctionType, MethodType, BuiltinFunctionType))
    # Functions that Cython has compiled have a type of their own.
    if not (is_function or (hasattr(kind, "__code__") and hasattr(inner, "__qualname__"))):
        raise ApiTypeError(
            f"{what}: expected a function, got {describe(function)}; "
            "decorate the function itself, below other decorators"
        )
    return inner


def record_calls(function: Function, inner: Any, start_recording: StartRecording) -> Function:
    """Return a function of the same kind, signature and behavior whose calls are recorded.

    Args:
        function: what is decorated.
        inner: what `unwrap_function` returns for it.
        start_recording: starts the recording of a call.

    """
    recorded: Any
    if isasyncgenfunction(inner):
        recorded = record_async_generator(inner, start_recording)
    elif iscoroutinefunction(inner):
        recorded = _record_coroutine(inner, start_recording)
    elif isgeneratorfunction(inner):
        recorded = record_generator(inner, start_recording)
        if inner.__code__.co_flags & CO_ITERABLE_COROUTINE:
            recorded = coroutine(recorded)
    else:
        recorded = _record_function(inner, start_recording)
    recorded = wraps(inner)(recorded)
    if _is_method_object(function):
        recorded = type_of(function)(recorded)
    return recorded  # type: ignore[no-any-return]


def _is_method_object(function: object) -> bool:
    return issubclass(type(function), (classmethod, staticmethod))


def _record_function(
    function: Callable[..., Any], start_recording: StartRecording
) -> Callable[..., Any]:
    def recorded(*args: Any, **keywords: Any) -> Any:
        recording = start_recording(args, keywords)
        if recording is None:
            return function(*args, **keywords)
        with recording:
            result = function(*args, **keywords)
            recording.record_result(result)
            return result

    return recorded


def _record_coroutine(
    function: Callable[..., Any], start_recording: StartRecording
) -> Callable[..., Any]:
    async def recorded(*args: Any, **keywords: Any) -> Any:
        recording = start_recording(args, keywords)
        if recording is None:
            return await function(*args, **keywords)
        with recording:
            result = await function(*args, **keywords)
            recording.record_result(result)
            return result

    return recorded
