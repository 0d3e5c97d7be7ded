"""Having something done in other threads, so that the event loop is free."""

import asyncio
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from functools import partial
from queue import SimpleQueue
from typing import Final, ParamSpec, TypeVar, TypeVarTuple

from gentrace.local.calling_off import CallingOff

# Bytes of stack for a thread of the server: enough for the deepest body that is taken.
STACK: Final = 2**24

P = ParamSpec("P")
R = TypeVar("R")
Ts = TypeVarTuple("Ts")


@contextmanager
def own_stacks() -> Generator[None]:
    """Start threads with a stack that is large enough, whatever the program asked for."""
    before = threading.stack_size(STACK)
    try:
        yield
    finally:
        threading.stack_size(before)


class Workers(Executor):
    """So many threads that wait for work, until they are shut down.

    Those of `ThreadPoolExecutor` end before the functions that the program registered for its end,
    which may still send runs.
    """

    def __init__(self, count: int, name: str) -> None:
        self._tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._is_shut_down = False
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True)
            for number in range(count)
        ]
        try:
            with own_stacks():
                for thread in self._threads:
                    thread.start()
        except BaseException:
            self.shutdown()
            raise

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Have a function called; RuntimeError if they are shut down."""
        if self._is_shut_down:
            raise RuntimeError("these threads have ended")
        future: Future[R] = Future()
        self._tasks.put(partial(_carry_out, future, partial(fn, *args, **kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the threads after what was submitted; `wait` is whether to wait for that."""
        self._is_shut_down = True
        for _ in self._threads:
            self._tasks.put(None)
        if wait:
            for thread in self._threads:
                if thread.is_alive():
                    thread.join()

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()
            del task  # which would be kept until the next one comes


def _carry_out(future: Future[R], task: Callable[[], R]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(task())
    except BaseException as error:  # noqa: BLE001 - whoever waits for the result gets it
        future.set_exception(error)
        del future  # which the error's traceback would hold in a circle


async def work(workers: Executor, task: Callable[[*Ts], R], *args: *Ts) -> R:
    """Have something done that changes nothing."""
    return await asyncio.get_running_loop().run_in_executor(workers, task, *args)


async def work_or_call_off(
    workers: Executor,
    calling_off: CallingOff,
    task: Callable[[CallingOff, *Ts], R],
    *args: *Ts,
) -> R:
    """Have something written; if that is cancelled, it is called off or, too late, waited for."""
    future = asyncio.wrap_future(workers.submit(task, calling_off, *args))
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        if calling_off.call_off():
            raise
        return await future
