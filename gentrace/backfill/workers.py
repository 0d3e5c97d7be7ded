"""The threads that send runs.

`concurrent.futures` does not serve here: Ctrl-C in the thread that submits may leave a lock of an
executor or future acquired, for which the workers then wait forever. A `SimpleQueue` has no lock
that an interrupt can leave acquired.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from gentrace.exceptions import ApiConnectionException

Task = TypeVar("Task")


class Workers(Generic[Task]):
    """Threads that carry out tasks; one thread submits them and collects the results.

    Args:
        count: how many threads; each is started when there is a task for it.
        work: carries out a task.

    """

    def __init__(self, count: int, work: Callable[[Task], None]) -> None:
        self._count = count
        self._work = work
        self._threads: list[threading.Thread] = []
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._results: SimpleQueue[tuple[Task, BaseException | None]] = SimpleQueue()

    def submit(self, task: Task) -> None:
        """Have a task carried out, by fewer threads where no more can be started.

        Raises:
            ApiConnectionException: not even one can be started.

        """
        self._tasks.put(task)
        if len(self._threads) < self._count:
            try:
                self._start_thread()
            except (RuntimeError, MemoryError) as error:
                self._count = len(self._threads)
                if not self._threads:
                    why = f"no thread can be had to send runs: {error}"
                    raise ApiConnectionException(0, why) from error

    def collect(self) -> Task:
        """Wait until a task is done; return it, or raise the error that it ended with."""
        task, error = self._results.get()
        try:
            if error is not None:
                raise error
        finally:
            del error  # its traceback would refer back to it
        return task

    def has_results(self) -> bool:
        """Return whether a task is done that was not collected."""
        return not self._results.empty()

    def stop(self) -> None:
        """Drop the tasks that have not begun, wait for those that have, and end the threads."""
        with suppress(Empty):
            while True:
                self._tasks.get_nowait()
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            if thread.is_alive():  # an interrupt may have come before it began
                thread.join()

    def _start_thread(self) -> None:
        # A daemon: after a second Ctrl-C, the program does not wait for it.
        thread = threading.Thread(target=self._run, name="gentrace-backfill", daemon=True)
        self._threads.append(thread)
        try:
            thread.start()
        except (RuntimeError, MemoryError):
            self._threads.remove(thread)
            raise

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                self._work(task)
            except BaseException as error:  # noqa: BLE001 - the collecting thread raises it
                self._results.put((task, error))
            else:
                self._results.put((task, None))
            del task  # it would be kept alive until the next task
