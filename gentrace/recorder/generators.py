"""Generators whose iteration is recorded.

What is current is set within each advance alone, so that the consumer sees nothing of it between
two, nor of blocks that the generator has entered and not left. A recorded generator hands
everything that is done to it to the plain one, and everything that this does back: what is sent,
thrown (closing throws `GeneratorExit`), yielded, returned and raised.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from gentrace.recorder.context import hold_back, innermost_scope, take_up

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator

    from gentrace.recorder.recording import Begin


def record_generator(  # noqa: C901 - one plain loop
    function: Callable[..., Any], begin: Begin
) -> Callable[..., Any]:
    """Return a generator function whose generators are recorded from their first `next` on."""

    def recorded(*args: Any, **keywords: Any) -> Generator[Any, Any, Any]:
        generator = function(*args, **keywords)
        recording = begin(args, keywords)
        advance: Any = generator.send
        argument: Any = None
        around = held = None
        while True:
            if recording is not None:
                around = innermost_scope()
                recording.enter()
                if held is not None:
                    take_up(held)
            try:
                item = advance(argument)
            except StopIteration as stop:
                if recording is not None:
                    recording.leave()
                    recording.finish()
                return stop.value
            except BaseException as error:
                argument = None  # which may be the error, whose traceback holds this frame
                if recording is not None:
                    recording.leave()
                    recording.finish(error)
                raise
            if recording is not None:
                recording.leave()
                held = None if innermost_scope() is around else hold_back(around)
                recording.take_item(item)
            try:
                argument = yield item
                advance = generator.send
            except BaseException as error:  # noqa: BLE001 - the plain generator's to judge
                advance, argument = generator.throw, error

    return recorded


def record_async_generator(  # noqa: C901 - one plain loop
    function: Callable[..., Any], begin: Begin
) -> Callable[..., Any]:
    """Return an async generator function whose generators are recorded, as plain ones are."""

    async def recorded(*args: Any, **keywords: Any) -> AsyncGenerator[Any, Any]:
        generator = function(*args, **keywords)
        recording = begin(args, keywords)
        advance: Any = partial(_start, generator)
        argument: Any = None
        around = held = None
        while True:
            if recording is not None:
                around = innermost_scope()
                recording.enter()
                if held is not None:
                    take_up(held)
            try:
                item = await advance(argument)
            except StopAsyncIteration:
                if recording is not None:
                    recording.leave()
                    recording.finish()
                return
            except BaseException as error:
                argument = None  # which may be the error, whose traceback holds this frame
                if recording is not None:
                    recording.leave()
                    recording.finish(error)
                raise
            if recording is not None:
                recording.leave()
                held = None if innermost_scope() is around else hold_back(around)
                recording.take_item(item)
            try:
                argument = yield item
                advance = generator.asend
            except BaseException as error:  # noqa: BLE001 - the plain generator's to judge
                advance, argument = generator.athrow, error

    return recorded


def _start(generator: AsyncGenerator[Any, Any], argument: Any) -> Awaitable[Any]:
    """Return the first advance of a generator that the event loop does not hear of.

    At its end the loop closes all that it has heard of at once: the recorded generator, which
    closes the plain one, and then that as well, in the middle of it.
    """
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(None, None)
    try:
        return generator.asend(argument)
    finally:
        sys.set_asyncgen_hooks(*hooks)
