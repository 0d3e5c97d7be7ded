"""Measure a new process: importing a client, and the time to its first stored run."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.measuring import STORED_ID, ClientError, Samples, interleave

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.clients import Client

_TIMED = """
from time import perf_counter
start = perf_counter()
{imports}
print(perf_counter() - start)
"""


def _run(python: str, program: str) -> str:
    result = subprocess.run(  # noqa: S603 - a script of a client
        [python, "-I", "-c", program], capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise ClientError(result.stderr.strip().splitlines()[-1])
    return result.stdout.strip()


def imports(clients: Mapping[str, tuple[Client, str]], rounds: int) -> Samples:
    """Measure the import lines of each client, given with its Python, in fresh processes."""

    def measure(client: Client, python: str) -> float:
        return float(_run(python, client.prelude() + _TIMED.format(imports=client.imports)))

    for client, python in clients.values():
        measure(client, python)  # so that compiled modules are there
    lanes = {key: partial(measure, *client) for key, client in clients.items()}
    return interleave(lanes, rounds)


def first_runs(clients: Mapping[str, tuple[Client, str]], url: str, rounds: int) -> Samples:
    """Measure each client's program from start to first stored run, minus an empty program."""

    def measure(python: str, program: str) -> float:
        start = perf_counter()
        _run(python, program)
        return perf_counter() - start

    for client, python in clients.values():
        printed = _run(python, client.program(url))
        if printed != STORED_ID:
            raise ClientError(f"{client.title}: printed {printed!r} for the id of the stored run")
    lanes = {
        key: partial(measure, python, client.program(url))
        for key, (client, python) in clients.items()
    }
    samples = interleave({**lanes, "": partial(measure, sys.executable, "")}, rounds)
    empty = samples.pop("")
    return {
        key: [run - nothing for run, nothing in zip(runs, empty, strict=True)]
        for key, runs in samples.items()
    }
