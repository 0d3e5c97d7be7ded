"""Generators whose iteration is recorded.

What is current is set within each advance alone, so that the consumer sees nothing of it between
two. A recorded generator hands everything that is done to it to the plain one, and everything that
this does back: what is sent, thrown (closing throws `GeneratorExit`), yielded, returned and raised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator

    from gentrace.recorder.recording import Begin


def record_generator(function: Callable[..., Any], begin: Begin) -> Callable[..., Any]:
    """Return a generator function whose generators are recorded from their first `next` on."""

    def recorded(*args: Any, **keywords: Any) -> Generator[Any, Any, Any]:
        generator = function(*args, **keywords)
        recording = begin(args, keywords)
        advance: Any = generator.send
        argument: Any = None
        while True:
            if recording is not None:
                recording.enter()
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
                recording.take_item(item)
            try:
                argument = yield item
                advance = generator.send
            except BaseException as error:  # noqa: BLE001 - the plain generator's to judge
                advance, argument = generator.throw, error

    return recorded


def record_async_generator(function: Callable[..., Any], begin: Begin) -> Callable[..., Any]:
    """Return an async generator function whose generators are recorded, as plain ones are."""

    async def recorded(*args: Any, **keywords: Any) -> AsyncGenerator[Any, Any]:
        generator = function(*args, **keywords)
        recording = begin(args, keywords)
        advance: Any = generator.asend
        argument: Any = None
        while True:
            if recording is not None:
                recording.enter()
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
                recording.take_item(item)
            try:
                argument = yield item
                advance = generator.asend
            except BaseException as error:  # noqa: BLE001 - the plain generator's to judge
                advance, argument = generator.athrow, error

    return recorded
