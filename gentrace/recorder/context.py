"""Which run and which step are current: one context variable, and how it travels."""

from __future__ import annotations

from contextvars import ContextVar, copy_context
from functools import wraps
from inspect import iscoroutinefunction
from types import coroutine
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from gentrace.contexts import change_context
from gentrace.exceptions import ApiTypeError
from gentrace.schemas import describe

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from contextvars import Context
    from weakref import ref

    from gentrace.recorder.ledger import Ledger

P = ParamSpec("P")
R = TypeVar("R")


def bind(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function take the current run and step along into a thread or an executor.

    Each call runs in a copy of the context of the moment when it was bound, with all context
    variables; so does the coroutine that a coroutine function gives. Tasks of asyncio and
    `asyncio.to_thread` need no binding.

    Raises:
        ApiTypeError: it is no function.

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
            argument = None  # which may be an error, whose traceback holds this frame
        try:
            argument = yield awaited
            advance = inner.send
        except BaseException as error:  # noqa: BLE001 - the coroutine's to judge
            advance, argument = inner.throw, error


class Scope:
    """What is current: weak references, as a context may outlive its run.

    Making one makes it current in this context.

    Args:
        run: gives the run.
        ledger: gives what that run has recorded.
        step: gives the step; None outside of the steps of the run.

    Attributes:
        run, ledger, step: the arguments.
        before: what was current before it, and is again after it; None once it was left.
        outer: what is current where the run of this one has ended; it is of another run. It stays
            after this was left, as a copy of the context may still have this one.

    """

    __slots__ = ("before", "ledger", "outer", "run", "step")

    before: Scope | None
    outer: Scope | None

    def __init__(self, run: ref[Any], ledger: ref[Ledger], step: ref[Any] | None = None) -> None:
        self.run = run
        self.ledger = ledger
        self.step = step
        self.stand_in(_current.get())
        change_context(_current.set, self)

    def stand_in(self, around: Scope | None) -> None:
        """Be within what is, or was, current."""
        self.before = outer = around
        while outer is not None and (outer.ledger is self.ledger or not outer.is_open()):
            outer = outer.outer
        self.outer = outer
        # Past those that have ended, so that nothing grows where each task starts the next.
        while outer is not None:
            further = outer.outer
            while further is not None and not further.is_open():
                further = further.outer
            outer.outer = further
            outer = further

    def is_open(self) -> bool:
        """Tell whether its run takes steps, here and now."""
        ledger = self.ledger()
        return ledger is not None and ledger.is_open()

    def leave(self) -> None:
        """Make current again what was before; what was entered later and is open stays current.

        In another context than it was entered in, such as where an abandoned generator is closed,
        nothing changes.
        """
        if _current.get() is self:
            change_context(_current.set, self.before)
        else:
            for scope in scopes():
                if scope.before is self:
                    scope.before = self.before
        self.before = None


def current_scope() -> Scope | None:
    """Return the innermost in this context whose run is open; None outside of everything."""
    scope = _current.get()
    while scope is not None:
        ledger = scope.ledger()
        if ledger is not None and ledger.is_open():
            break
        scope = scope.outer
    return scope


def scopes() -> Iterator[Scope]:
    """Yield what was entered in this context and is not left, from the innermost on."""
    scope = _current.get()
    while scope is not None:
        before = scope.before
        yield scope
        scope = before


def forget_ended() -> None:
    """Have this context hold nothing that has ended, as what an interrupt kept from leaving."""
    scope = current_scope()
    if scope is not _current.get():
        change_context(_current.set, scope)


def hold_back(around: Scope | None) -> tuple[Scope, Scope] | None:
    """Make current again what was around an advance of a generator, which left scopes open within.

    Returns:
        The innermost and the outermost of these, for `take_up`; None if there are none.

    """
    innermost = outermost = _current.get()
    while outermost is not None and outermost.before is not around:
        outermost = outermost.before
    change_context(_current.set, around)
    if innermost is None or outermost is None:
        return None
    return innermost, outermost


def take_up(held: tuple[Scope, Scope]) -> None:
    """Make current what `hold_back` returned, within what is current now."""
    innermost, outermost = held
    # One that is still current is so in a copy of the context of the generator's own body.
    if all(scope is not outermost for scope in scopes()):
        outermost.before = _current.get()
        change_context(_current.set, innermost)
        for scope in reversed(list(scopes())):
            scope.stand_in(scope.before)


_current: ContextVar[Scope | None] = ContextVar("gentrace_current", default=None)

innermost_scope = _current.get
"""Return what was entered last in this context, whether its run is open or not."""
