"""Measure in rounds: each round runs every client, so that a disturbance affects all."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.clients import CLIENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.clients import Client

STORED_ID = "4b5fdd0e-2f3c-4f6e-9d55-0c3f8f2f6a0e"

Samples = dict[str, list[float]]
"""Durations in seconds, one a round, by key of client."""


class ClientError(Exception):
    """A client failed; the text says how."""


class Estimate(NamedTuple):
    """A median of rounds, with the quartiles around it."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> Estimate:
        """Return the estimate that these values give."""
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        low, _, high = quantiles(values, n=4, method="inclusive")
        return cls(median(values), low, high)


class Worker:
    """A client in its own process.

    Args:
        client: the client.
        url: where it sends.
        python: the Python of its environment.
        folder: the directory that it works in; None for that of the benchmarks.

    """

    def __init__(
        self,
        client: Client,
        url: str,
        python: str = sys.executable,
        *,
        folder: str | None = None,
    ) -> None:
        self.client = client
        self._again = partial(Worker, client, url, python, folder=folder)
        script = Path(__file__).with_name("worker.py")
        self._process = subprocess.Popen(  # noqa: S603 - the Python of an environment of ours
            [python, "-I", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=folder,
            text=True,
        )
        self._send(client.script(url))

    def ask(self, do: str, function: str, payload: str, **more: float) -> Any:
        """Have the client do something with a function and a payload.

        Raises:
            ClientError: it failed.

        """
        return self._send({"do": do, "name": function, "payload": payload, **more})

    def check(self) -> None:
        """Store a run, to see that it works.

        Raises:
            ClientError: it does not.

        """
        result = self.ask("result", "call", "chat(1)")
        if result != STORED_ID:
            raise ClientError(f"it gave {result!r} for the id of the stored run")

    def another(self) -> Worker:
        """Return the same client in a fresh process."""
        return self._again()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def _send(self, request: dict[str, Any]) -> Any:
        assert self._process.stdin is not None  # noqa: S101 - for the type checkers
        assert self._process.stdout is not None  # noqa: S101 - for the type checkers
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            answer = json.loads(self._process.stdout.readline() or '{"error": "it ended"}')
        except BrokenPipeError:
            answer = {"error": "it ended"}
        if "error" in answer:
            raise ClientError(f"{self.client.title}: {answer['error']}")
        return answer["answer"]


def fresh(key: str, url: str, do: str, function: str, payload: str) -> Any:
    """Run one request of a client of ours in a fresh process."""
    worker = Worker(CLIENTS[key], url)
    try:
        return worker.ask(do, function, payload)
    finally:
        worker.close()


def interleave(lanes: Mapping[str, Callable[[], float]], rounds: int) -> Samples:
    """Measure each lane once per round, in a different order each round."""
    samples: Samples = {key: [] for key in lanes}
    keys = list(lanes)
    for number in range(rounds):
        turn = number % len(keys)
        for key in keys[turn:] + keys[:turn]:
            samples[key].append(lanes[key]())
    return samples


def ratios(samples: Samples, base: str = "floor") -> dict[str, Estimate]:
    """Return each client's ratio to the base within the same round; none without the base."""
    if base not in samples:
        return {}
    return {
        key: Estimate.of([a / b for a, b in zip(values, samples[base], strict=True)])
        for key, values in samples.items()
    }
