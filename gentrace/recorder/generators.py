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

from gentrace.recorder.context import Scope, innermost_scope, resume_scopes, suspend_scopes

if TYPE_CHECKING:
    from gentrace.recorder.recording import Recording, StartRecording


def record_generator(
    function: Callable[..., Any], start_recording: StartRecording
) -> Callable[..., Any]:
    """Return a generator function whose generators are recorded from their first `next` on."""

    def recorded(*args: Any, **keywords: Any) -> Generator[Any, Any, Any]:
        generator = function(*args, **keywords)
        advances = _Advances(start_recording(args, keywords))
        del args, keywords  # the plain generator decides how long they live
        advance: Any = generator.send
        argument: Any = None
        while True:
            advances.begin()
            try:
                item = advance(argument)
            except StopIteration as stop:
                advances.finish()
                return stop.value
            except BaseException as error:
                argument = None  # it may be the error, whose traceback refers to this frame
                advances.finish(error)
                raise
            argument = None
            advances.end(item)
            try:
                argument = yield item
                advance = generator.send
            except BaseException as error:  # noqa: BLE001 - the plain generator decides
                advance, argument = generator.throw, error

    return recorded


def record_async_generator(
    function: Callable[..., Any], start_recording: StartRecording
) -> Callable[..., Any]:
    """Return an async generator function whose generators are recorded, as plain ones are."""

    async def recorded(*args: Any, **keywords: Any) -> AsyncGenerator[Any, Any]:
        generator = function(*args, **keywords)
        advances = _Advances(start_recording(args, keywords))
        del args, keywords  # the plain generator decides how long they live
        advance: Any = partial(_start_without_hooks, generator)
        argument: Any = None
        while True:
            advances.begin()
            try:
                item = await advance(argument)
            except StopAsyncIteration:
                advances.finish()
                return
            except BaseException as error:
                argument = None  # it may be the error, whose traceback refers to this frame
                advances.finish(error)
                raise
            argument = None
            advances.end(item)
            try:
                argument = yield item
                advance = generator.asend
            except BaseException as error:  # noqa: BLE001 - the plain generator decides
                advance, argument = generator.athrow, error

    return recorded


class _Advances:
    """Makes the recording of a generator current during each advance, and only then.

    Args:
        recording: the recording; None if the generator is not recorded.

    """

    __slots__ = ("_around", "_recording", "_suspended")

    def __init__(self, recording: Recording | None) -> None:
        self._recording = recording
        self._around: Scope | None = None
        self._suspended: tuple[Scope, Scope] | None = None

    def begin(self) -> None:
        """Make it current, and blocks that the generator has not left."""
        if self._recording is not None:
            self._around = innermost_scope()
            self._recording.enter()
            if self._suspended is not None:
                resume_scopes(self._suspended)

    def end(self, item: object) -> None:
        """Make current again what was so before, and record what was yielded."""
        if self._recording is not None:
            self._suspended = self._leave(self._recording)
            self._recording.record_item(item)

    def finish(self, error: BaseException | None = None) -> None:
        """End the recording; `error` is the exception that left the generator."""
        if self._recording is not None:
            # Blocks may still be open, of a generator that this one iterated and did not exhaust.
            self._leave(self._recording)
            self._recording.finish(error)

    def _leave(self, recording: Recording) -> tuple[Scope, Scope] | None:
        """Make current again what was so before; return blocks that are still open."""
        recording.leave()
        is_restored = innermost_scope() is self._around
        return None if is_restored else suspend_scopes(self._around)


def _start_without_hooks(generator: AsyncGenerator[Any, Any], argument: Any) -> Awaitable[Any]:
    """Return the first advance of an async generator, hidden from the event loop.

    At shutdown the loop closes all async generators that it knows at the same time, and so does the
    garbage collector with those of a cycle. The recorded generator closes the plain one, so neither
    must close that too.
    """
    hooks = sys.get_asyncgen_hooks()
    try:
        sys.set_asyncgen_hooks(None, _leave_open)
        return generator.asend(argument)
    finally:
        sys.set_asyncgen_hooks(*hooks)


def _leave_open(_generator: object) -> None:
    """Finalize an async generator without closing it; Python closes one that has no finalizer."""
