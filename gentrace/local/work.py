"""Having something done in other threads, so that the event loop is free."""

import asyncio
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, TypeVar, TypeVarTuple

from gentrace.local.calling_off import CallingOff

# Bytes of stack for a thread of the server: enough for the deepest body that is taken.
STACK: Final = 2**24

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


def start_workers(count: int, name: str) -> ThreadPoolExecutor:
    """Start so many threads that wait for work; an executor by itself starts them when it has."""
    workers = ThreadPoolExecutor(count, name)
    ready = threading.Barrier(count + 1)
    with own_stacks():
        for _ in range(count):
            workers.submit(ready.wait)
        ready.wait()
    return workers


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
