"""The current run and step of each context: a chain of scopes in one context variable."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from gentrace.contexts import call_without_gc

if TYPE_CHECKING:
    from weakref import ref

    from gentrace.recorder.run_buffer import RunBuffer


class Scope:
    """What is current in a block; creating a scope makes it current in this context.

    It holds weak references only, as a context may outlive its run.

    Args:
        run: reference to the run.
        buffer: reference to the run's buffer.
        step: reference to the step; None for the block of the run itself.

    Attributes:
        run, buffer, step: the arguments.
        previous: the scope that was current before, and is again afterwards; None once this scope
            was left.
        enclosing: the nearest enclosing scope of another run, current once this scope's run has
            ended. It stays after this scope was left, as a copy of the context may still refer to
            it.

    """

    __slots__ = ("buffer", "enclosing", "previous", "run", "step")

    previous: Scope | None
    enclosing: Scope | None

    def __init__(self, run: ref[Any], buffer: ref[RunBuffer], step: ref[Any] | None = None) -> None:
        self.run = run
        self.buffer = buffer
        self.step = step
        self.nest_in(_current.get())
        call_without_gc(_current.set, self)

    def nest_in(self, previous: Scope | None) -> None:
        """Set `previous`, and `enclosing` accordingly."""
        self.previous = enclosing = previous
        while enclosing is not None and (
            enclosing.buffer is self.buffer or not enclosing.is_open()
        ):
            enclosing = enclosing.enclosing
        self.enclosing = enclosing
        # Unlink ended runs, or the chain would grow where each task starts the next.
        while enclosing is not None:
            enclosing.enclosing = _nearest_open(enclosing.enclosing)
            enclosing = enclosing.enclosing

    def is_open(self) -> bool:
        """Tell whether steps can be added to its run, in this process."""
        buffer = self.buffer()
        return buffer is not None and buffer.is_open()

    def leave(self) -> None:
        """Make the previous scope current again; scopes entered later that are open stay current.

        Nothing changes in a context in which it was not entered, such as where an abandoned
        generator is closed.
        """
        if _current.get() is self:
            call_without_gc(_current.set, self.previous)
        else:
            for scope in entered_scopes():
                if scope.previous is self:
                    scope.previous = self.previous
        self.previous = None


def current_scope() -> Scope | None:
    """Return the innermost scope of this context whose run is open; None outside of any."""
    return _nearest_open(_current.get())


def _nearest_open(scope: Scope | None) -> Scope | None:
    """Return a scope if its run is open, else the nearest enclosing one whose run is."""
    while scope is not None and not scope.is_open():
        scope = scope.enclosing
    return scope


def entered_scopes(innermost: Scope | None = None) -> Iterator[Scope]:
    """Yield the scopes that this context has entered and not left, from the innermost outwards."""
    scope = _current.get() if innermost is None else innermost
    while scope is not None:
        previous = scope.previous  # read first, as the caller may leave the scope
        yield scope
        scope = previous


def drop_ended_scopes() -> None:
    """Make this context refer to open runs only, even if an interrupt struck `Scope.leave`."""
    scope = current_scope()
    if scope is not _current.get():
        call_without_gc(_current.set, scope)


def suspend_scopes(around: Scope | None) -> tuple[Scope, Scope] | None:
    """Make `around` current again, after a generator yielded inside of blocks that it entered.

    Args:
        around: the scope that was current before the generator was advanced.

    Returns:
        The innermost and the outermost scope of these blocks, for `resume_scopes`; None if there
        are none.

    """
    own = list(takewhile(lambda scope: scope is not around, entered_scopes()))
    if own and own[-1].previous is not around:
        # The end of a run dropped it from the context, as its own run had ended too.
        outside = _scopes_around(around)
        own = list(takewhile(lambda scope: scope not in outside, own))
    call_without_gc(_current.set, around)
    return (own[0], own[-1]) if own else None


def _scopes_around(scope: Scope | None) -> set[Scope]:
    """Return a scope and all in which it is nested, whether this context entered them or not."""
    found: set[Scope] = set()
    left = [scope]
    while left:
        one = left.pop()
        if one is not None and one not in found:
            found.add(one)
            left += [one.previous, one.enclosing]
    return found


def resume_scopes(suspended: tuple[Scope, Scope]) -> None:
    """Make suspended scopes current again, nested in the scope that is current now."""
    innermost, outermost = suspended
    # They are still current in a copy of the context that the generator's body made.
    if all(scope is not outermost for scope in entered_scopes()):
        around = outermost.previous = _current.get()
        # Not those around them: these may be left in another context, and have only `enclosing`.
        own = list(takewhile(lambda scope: scope is not around, entered_scopes(innermost)))
        for scope in reversed(own):
            scope.nest_in(scope.previous)
        # Last, as until then a finalizer that records could drop those of a revived generator.
        call_without_gc(_current.set, innermost)


_current: ContextVar[Scope | None] = ContextVar("gentrace_current", default=None)

innermost_scope = _current.get
"""Return the scope that this context entered last, whether its run is open or not."""
