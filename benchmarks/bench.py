"""Set up the benchmarks: each client in its own process, and how much is measured."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from benchmarks import server
from benchmarks.clients import CLIENTS, Client
from benchmarks.measuring import ClientError, Samples, Worker, interleave
from benchmarks.peers import PEERS, CannotMakeError, make

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MIB = 1024 * 1024


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes:
        rounds: how often each function is timed.
        starts: how often each program is started.
        seconds: how long a function is timed in one round.
        calls: how many calls each thread makes in one round.
        body: bytes of a large body.
        numbers: how many numbers a long list has.
        timeout: time-out in seconds of a call that cannot succeed.
        timeouts: how many such calls there are.
        submits: how many runs are submitted on an event loop in one round.

    """

    rounds: int = 15
    starts: int = 25
    seconds: float = 0.15
    calls: int = 40
    body: int = 50 * MIB
    numbers: int = 10_000_000
    timeout: float = 1.0
    timeouts: int = 3
    submits: int = 1000


FULL = Size()
SHORT = Size(2, 2, 0.01, 2, MIB, 100_000, 0.3, 1, 20)
"""Enough to see that all works."""


@dataclass(frozen=True)
class Bench:
    """What is measured.

    Attributes:
        size: how much.
        url: where the server stores runs.
        workers: clients that are set up, by key.
        programs: clients with the Python of their environments, by key, the limits left out.
        left_out: why a client is missing, by its title.

    """

    size: Size
    url: str
    workers: Mapping[str, Worker]
    programs: Mapping[str, tuple[Client, str]]
    left_out: Mapping[str, str]

    def time(self, lanes: Mapping[str, tuple[str, str, str]]) -> Samples:
        """Time lanes; each is a client's key, a function's name and a payload."""
        return interleave(
            {
                label: partial(
                    self.workers[key].ask, "time", name, payload, seconds=self.size.seconds
                )
                for label, (key, name, payload) in lanes.items()
            },
            self.size.rounds,
        )

    def time_each(self, name: str, payload: str) -> Samples:
        """Time a function of each client that has it."""
        return self.time(
            {
                key: (key, name, payload)
                for key, worker in self.workers.items()
                if name in worker.client.functions
            }
        )

    def titles(self) -> dict[str, str]:
        """Return the clients' names, by key."""
        return {key: worker.client.title for key, worker in self.workers.items()}

    def notes(self) -> dict[str, str]:
        """Return what a reader should know about a client, by its name."""
        clients = [worker.client for worker in self.workers.values()]
        return {client.title: client.note for client in clients if client.note}


@contextmanager
def opened(size: Size, *, peers: bool) -> Iterator[Bench]:
    """Start the server and the clients, with or without the peers that can be installed here."""
    workers: dict[str, Worker] = {}
    programs: dict[str, tuple[Client, str]] = {}
    left_out: dict[str, str] = {}
    with ExitStack() as stack:
        url = stack.enter_context(server.running()) + "/api/v1"

        def add(key: str, client: Client, python: str) -> None:
            worker = Worker(client, url, python)
            stack.callback(worker.close)
            worker.check()
            workers[key] = worker
            if not client.title.startswith("limit"):
                programs[key] = client, python

        for key, client in CLIENTS.items():
            add(key, client, sys.executable)
        for key, (client, recipe) in PEERS.items() if peers else ():
            print(f"making {client.title}", file=sys.stderr)
            try:
                add(key, client, str(make(key, recipe)))
            except (CannotMakeError, ClientError) as error:
                left_out[client.title] = str(error).removeprefix(f"{client.title}: ")
                print(f"left out: {error}", file=sys.stderr)
        yield Bench(size, url, workers, programs, left_out)
