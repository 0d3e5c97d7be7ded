"""Running blocking functions in threads, so that the event loop is not blocked."""

import asyncio
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from functools import partial
from queue import SimpleQueue
from typing import Final, ParamSpec, TypeVar, TypeVarTuple

from gentrace.local.cancellation import Cancellation

# Bytes of stack for a thread of the server: enough to parse the deepest body that is accepted.
STACK_SIZE: Final = 2**24

P = ParamSpec("P")
R = TypeVar("R")
Ts = TypeVarTuple("Ts")


@contextmanager
def large_stacks() -> Generator[None]:
    """Start threads with a stack of STACK_SIZE, whatever size the program has set."""
    before = threading.stack_size(STACK_SIZE)
    try:
        yield
    finally:
        threading.stack_size(before)


class ThreadPool(Executor):
    """A pool of daemon threads that run until `shutdown`.

    `ThreadPoolExecutor` stops its threads before the program's `atexit` functions run, and those
    may still send runs.
    """

    def __init__(self, count: int, name: str) -> None:
        self._tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._is_shut_down = False
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True)
            for number in range(count)
        ]
        try:
            with large_stacks():
                for thread in self._threads:
                    thread.start()
        except BaseException:
            self.shutdown()
            raise

    async def run(self, task: Callable[[*Ts], R], *args: *Ts) -> R:
        """Run a task; a cancelled caller does not wait for it, and the task runs to its end."""
        return await asyncio.wrap_future(self.submit(task, *args))

    async def run_cancellable(self, task: Callable[[Cancellation, *Ts], R], *args: *Ts) -> R:
        """Run a task that writes; if cancelled, cancel the write, or wait for its commit."""
        cancellation = Cancellation()
        future = asyncio.wrap_future(self.submit(task, cancellation, *args))
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            if cancellation.cancel():
                raise
            return await future

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Call a function in a thread of the pool; RuntimeError after `shutdown`."""
        if self._is_shut_down:
            raise RuntimeError("these threads have ended")
        future: Future[R] = Future()
        self._tasks.put(partial(_run_task, future, partial(fn, *args, **kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Stop the threads after the tasks that were submitted; `wait` blocks until then."""
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
            del task  # it would be kept alive until the next task


def _run_task(future: Future[R], task: Callable[[], R]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(task())
    except BaseException as error:  # noqa: BLE001 - the future raises it in the caller
        future.set_exception(error)
        del future  # the error's traceback would hold it in a reference cycle
