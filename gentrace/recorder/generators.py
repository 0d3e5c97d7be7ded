"""Generators whose iteration is recorded.

The recording is current during each advance only: between two advances the consumer sees neither
it nor blocks that the generator entered and has not left. A recorded generator forwards everything
to the plain one, and back: what is sent, thrown (closing throws `GeneratorExit`), yielded, returned
and raised.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from functools import partial
from typing import TYPE_CHECKING, Any

# For `innermost_scope`: cloudpickle writes what a decorated generator uses, modules by their names,
# and cannot write a bound method of a context variable.
from gentrace.recorder import context
from gentrace.recorder.context import resume_scopes, suspend_scopes

if TYPE_CHECKING:
    from gentrace.recorder.recording import StartRecording


def record_generator(  # noqa: C901 - inline, as a helper's calls cost 4 % of an item
    function: Callable[..., Any], start_recording: StartRecording
) -> Callable[..., Any]:
    """Return a generator function whose generators are recorded from their first `next` on."""

    def recorded(*args: Any, **keywords: Any) -> Generator[Any, Any, Any]:
        generator = function(*args, **keywords)
        recording = start_recording(args, keywords)
        del args, keywords  # the plain generator decides how long they live
        advance: Any = generator.send
        argument: Any = None
        around = suspended = None
        innermost_scope = context.innermost_scope
        while True:
            if recording is not None:
                around = innermost_scope()
                recording.enter()
                if suspended is not None:
                    resume_scopes(suspended)
            try:
                item = advance(argument)
            except StopIteration as stop:
                if recording is not None:
                    recording.leave()
                    recording.finish()
                return stop.value
            except BaseException as error:
                argument = None  # it may be the error, whose traceback refers to this frame
                if recording is not None:
                    recording.leave()
                    recording.finish(error)
                raise
            argument = None
            if recording is not None:
                recording.leave()
                suspended = None if innermost_scope() is around else suspend_scopes(around)
                recording.record_item(item)
            try:
                argument = yield item
                advance = generator.send
            except BaseException as error:  # noqa: BLE001 - the plain generator decides
                advance, argument = generator.throw, error

    return recorded


def record_async_generator(  # noqa: C901 - inline, as a helper's calls cost 4 % of an item
    function: Callable[..., Any], start_recording: StartRecording
) -> Callable[..., Any]:
    """Return an async generator function whose generators are recorded, as plain ones are."""

    async def recorded(*args: Any, **keywords: Any) -> AsyncGenerator[Any, Any]:
        generator = function(*args, **keywords)
        recording = start_recording(args, keywords)
        del args, keywords  # the plain generator decides how long they live
        advance: Any = partial(_start_without_hooks, generator)
        argument: Any = None
        around = suspended = None
        innermost_scope = context.innermost_scope
        while True:
            if recording is not None:
                around = innermost_scope()
                recording.enter()
                if suspended is not None:
                    resume_scopes(suspended)
            try:
                item = await advance(argument)
            except StopAsyncIteration:
                if recording is not None:
                    recording.leave()
                    recording.finish()
                return
            except BaseException as error:
                argument = None  # it may be the error, whose traceback refers to this frame
                if recording is not None:
                    recording.leave()
                    recording.finish(error)
                raise
            argument = None
            if recording is not None:
                recording.leave()
                suspended = None if innermost_scope() is around else suspend_scopes(around)
                recording.record_item(item)
            try:
                argument = yield item
                advance = generator.asend
            except BaseException as error:  # noqa: BLE001 - the plain generator decides
                advance, argument = generator.athrow, error

    return recorded


def _start_without_hooks(generator: AsyncGenerator[Any, Any], argument: Any) -> Awaitable[Any]:
    """Return the first advance of an async generator, hidden from the event loop.

    At shutdown the loop closes all async generators that it knows at the same time. The recorded
    generator closes the plain one, so the loop must not close that too.
    """
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(None, None)
    try:
        return generator.asend(argument)
    finally:
        sys.set_asyncgen_hooks(*hooks)
