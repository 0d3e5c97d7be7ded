"""The program in a client's process: it runs the client's script, and measures on request.

It runs in the client's own environment, so it needs nothing beyond Python. Requests and answers
are lines of JSON on standard input and output; what a client prints goes to standard error.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import sys
import tracemalloc
from pathlib import Path
from statistics import median
from threading import Barrier, Thread
from time import perf_counter, process_time, thread_time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

WARM_UP_CALLS = 3
LEAST_SAMPLES = 3
LEAST_DURATION = 20e-6
"""Seconds that are timed at least: what takes less is repeated."""
HELD = 250
"""Calls on an event loop after which it waits until all has arrived: less than a queue holds."""

_MEMORY_OF_THIS_PROCESS = Path("/proc/self/status")


class Client:
    """A client that has been set up, and the bodies that were made for it.

    Args:
        script: what `benchmarks.clients.Client.script` says, as JSON.

    """

    def __init__(self, script: dict[str, Any]) -> None:
        for module in script["hidden"]:
            sys.modules[module] = None  # type: ignore[assignment] # importing it now fails
        self.names: dict[str, Any] = {"URL": script["url"], "TOKEN": script["token"]}
        exec(script["code"], self.names)  # noqa: S102 - the client's script is code
        self.functions = script["functions"]
        self.payloads = runpy.run_path(script["payloads"])
        self.bodies: dict[tuple[str, str], Any] = {}

    def function(self, name: str) -> Callable[[Any], Any]:
        """Return the function of the script that has this name."""
        function: Callable[[Any], Any] = eval(  # noqa: S307 - the client's script is code
            f"lambda body: {self.functions[name][1]}", self.names
        )
        return function

    def body(self, name: str, payload: str) -> Any:
        """Return what a function takes: the payload, prepared as the function asks for."""
        if (name, payload) not in self.bodies:
            plain = eval(payload, self.payloads)  # noqa: S307 - the benchmark's own expression
            prepare = self.functions[name][0]
            self.bodies[name, payload] = eval(prepare, {**self.names, "body": plain})  # noqa: S307
        return self.bodies[name, payload]

    def result(self, name: str, payload: str) -> str:
        """Return the text of what a function returns."""
        return str(self.function(name)(self.body(name, payload)))

    def time(self, name: str, payload: str, seconds: float) -> float:
        """Return the median duration of a function, called for so many seconds."""
        function, body = self.function(name), self.body(name, payload)
        for _ in range(WARM_UP_CALLS):
            start = perf_counter()
            function(body)
            once = perf_counter() - start
        repeats = range(max(1, int(LEAST_DURATION / once)))
        durations: list[float] = []
        end = perf_counter() + seconds
        while len(durations) < LEAST_SAMPLES or perf_counter() < end:
            start = perf_counter()
            for _ in repeats:
                function(body)
            durations.append((perf_counter() - start) / len(repeats))
        return median(durations)

    def share(self, name: str, payload: str, threads: int, calls: int) -> float:
        """Return the duration of a call where so many threads make so many calls each."""
        function, body = self.function(name), self.body(name, payload)
        barrier = Barrier(threads + 1)

        def work() -> None:
            function(body)
            barrier.wait()
            for _ in range(calls):
                function(body)
            barrier.wait()

        workers = [Thread(target=work) for _ in range(threads)]
        for worker in workers:
            worker.start()
        barrier.wait()
        start = perf_counter()
        barrier.wait()
        duration = perf_counter() - start
        for worker in workers:
            worker.join()
        return duration / (threads * calls)

    def record(self, name: str, payload: str, runs: int) -> dict[str, list[float]]:
        """Return what each of so many runs takes of its caller, and one until all have arrived.

        These are seconds: `cpu` of the caller's thread and `wall` for each run; `all` and `process`
        are the time and the CPU time of the whole process, by the number of runs.
        """
        function, flush, body = (
            self.function(name),
            self.function("flush"),
            self.body(name, payload),
        )
        cpu: list[float] = []
        wall: list[float] = []
        start, start_process = perf_counter(), process_time()
        for _ in range(runs):
            begin, begin_cpu = perf_counter(), thread_time()
            function(body)
            cpu.append(thread_time() - begin_cpu)
            wall.append(perf_counter() - begin)
        flush(None)
        whole, process = perf_counter() - start, process_time() - start_process
        return {"cpu": cpu, "wall": wall, "all": [whole / runs], "process": [process / runs]}

    def hold(self, name: str, payload: str, times: int) -> list[float]:
        """Return how long each of so many calls, one after the other, blocks an event loop.

        After each `HELD` of them, it is waited until all has arrived.
        """
        import asyncio  # noqa: PLC0415 - only this needs it

        function, body = self.function(name), self.body(name, payload)
        flush = self.function("flush")
        held: list[float] = []

        async def call() -> None:
            for number in range(1, times + 1):
                start = perf_counter()
                function(body)
                held.append(perf_counter() - start)
                await asyncio.sleep(0)
                if number % HELD == 0 or number == times:
                    flush(None)

        asyncio.run(call())
        return held

    def traced(self, name: str, payload: str) -> int:
        """Return the peak of what a call allocates through Python, in bytes."""
        function, body = self._ready(name, payload)
        tracemalloc.start()
        function(body)
        return tracemalloc.get_traced_memory()[1]

    def resident(self, name: str, payload: str) -> int | None:
        """Return by how much a call makes the process grow at its peak; None without procfs."""
        function, body = self._ready(name, payload)
        if not _MEMORY_OF_THIS_PROCESS.exists():
            return None
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forget the peak so far
        before = _memory("VmRSS")
        function(body)
        return _memory("VmHWM") - before

    def _ready(self, name: str, payload: str) -> tuple[Callable[[Any], Any], Any]:
        """Have a function do its first call before its memory is looked at."""
        function, body = self.function(name), self.body(name, payload)
        self.function("call")(self.body("call", "chat(1)"))
        gc.collect()
        return function, body


def _memory(field: str) -> int:
    lines = _MEMORY_OF_THIS_PROCESS.read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))


def main() -> None:
    """Set up the client of the first line, then answer each line."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    client = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if client is None:
                client = Client(request)
                answer: dict[str, Any] = {"answer": None}
            else:
                answer = {"answer": getattr(client, request.pop("do"))(**request)}
        except Exception as error:  # noqa: BLE001 - the other side decides what it means
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
