"""Compare the cost of recording a run with that of other SDKs."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks import sink
from benchmarks.measuring import ClientError, Estimate, Worker, interleave, ratios
from benchmarks.peers import CannotMakeError, make
from benchmarks.recorders import DELIVERED, PEERS, RECORDERS, RUNS
from benchmarks.report import Picture, Table, duration, times

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.bench import Size
    from benchmarks.measuring import Samples

TEN = "chat(10)"
HUNDRED_KIB = "chat(73)"
BASE = "opentelemetry"
KIB = 1024
MIB = 1024 * KIB
STEPS = 100
THREADS = 4
GOALS = {
    "gentrace": "≤ 0.35",
    "gentrace-orjson": "≤ 0.20",
    "gentrace-spool": "≤ 0.50",
    "gentrace-orjson-spool": "≤ 0.50",
}


@dataclass(frozen=True)
class Recorded:
    """What was measured while runs were recorded, in seconds, by key of recorder.

    Attributes:
        cpu: CPU time of the caller for a run, the median of each round.
        wall: the same by the clock.
        process: CPU time of the whole process, its threads included, for a run.
        until_arrived: time for a run until all of a round have arrived.
        every_cpu: CPU time of the caller for each run of all rounds.
        every_wall: the same by the clock.

    """

    cpu: Samples
    wall: Samples
    process: Samples
    until_arrived: Samples
    every_cpu: Samples
    every_wall: Samples


@dataclass(frozen=True)
class Recorders:
    """The recorders, set up, each with a sink of its own.

    Attributes:
        size: how much is measured.
        workers: the recorders, by key.
        sinks: addresses of their sinks, by key.
        left_out: why one is missing, by its title.

    """

    size: Size
    workers: Mapping[str, Worker]
    sinks: Mapping[str, str]
    left_out: Mapping[str, str]

    def titles(self) -> dict[str, str]:
        """Return their names, by key."""
        return {key: worker.client.title for key, worker in self.workers.items()}

    def notes(self) -> dict[str, str]:
        """Return what a reader should know about one, by its name."""
        clients = [worker.client for worker in self.workers.values()]
        return {client.title: client.note for client in clients if client.note}


@contextmanager
def opened(size: Size, *, peers: bool) -> Iterator[Recorders]:
    """Start the recorders, with or without the peers that can be installed here."""
    workers: dict[str, Worker] = {}
    sinks: dict[str, str] = {}
    left_out: dict[str, str] = {}
    clients = {key: (client, None) for key, client in RECORDERS.items()}
    with ExitStack() as stack:
        for key, (client, recipe) in {**clients, **(PEERS if peers else {})}.items():
            try:
                python = sys.executable if recipe is None else str(make(key, recipe))
                url = stack.enter_context(sink.running())
                folder = stack.enter_context(TemporaryDirectory(ignore_cleanup_errors=True))
                worker = Worker(client, url, python, folder=folder)
                stack.callback(worker.close)
                _check(worker, url)
            except (CannotMakeError, ClientError) as error:
                if recipe is None:
                    raise
                left_out[client.title] = str(error).removeprefix(f"{client.title}: ")
                print(f"left out: {error}", file=sys.stderr)
            else:
                workers[key], sinks[key] = worker, url
        yield Recorders(size, workers, sinks, left_out)


def _check(worker: Worker, url: str) -> None:
    """Record a run, and check that something of its size arrives."""
    before = sink.received(url)
    worker.ask("result", "call", TEN)
    if sink.received(url) - before < KIB:
        raise ClientError("nothing of a run arrived")


def record(recorders: Recorders) -> Recorded:
    """Record runs of ten steps in turn, round by round."""
    found: dict[str, list[dict[str, list[float]]]] = {key: [] for key in recorders.workers}

    def once(key: str, worker: Worker) -> float:
        found[key].append(worker.ask("record", "record", TEN, runs=RUNS))
        return 0.0

    interleave(
        {key: partial(once, key, worker) for key, worker in recorders.workers.items()},
        recorders.size.rounds,
    )

    def medians(name: str) -> Samples:
        return {key: [median(one[name]) for one in rounds] for key, rounds in found.items()}

    def pooled(name: str) -> Samples:
        return {key: [n for one in rounds for n in one[name]] for key, rounds in found.items()}

    return Recorded(
        cpu=medians("cpu"),
        wall=medians("wall"),
        process=medians("process"),
        until_arrived=medians("all"),
        every_cpu=pooled("cpu"),
        every_wall=pooled("wall"),
    )


def recording_table(recorders: Recorders, recorded: Recorded) -> Table:
    """Return the table of what a run of ten steps costs the caller."""
    cpu = ratios(recorded.cpu, BASE)
    rows = []
    for key, title in recorders.titles().items():
        growth = _growth(recorders.workers[key])
        before = sink.received(recorders.sinks[key])
        recorders.workers[key].ask("record", "record", TEN, runs=RUNS)
        sent = sink.received(recorders.sinks[key]) - before
        rows.append(
            [
                f"**{title}**" if key in RECORDERS else title,
                times(cpu.get(key)),
                GOALS.get(key, ""),
                _median_and_p99(recorded.every_cpu[key]),
                _median_and_p99(recorded.every_wall[key]),
                duration(Estimate.of(recorded.process[key])),
                f"{1 / median(recorded.until_arrived[key]):,.0f}",
                "not measured" if growth is None else f"{growth / MIB:.1f} MiB",
                f"{sent / RUNS / KIB:.1f} KiB",
            ]
        )
    return Table(
        "Recording a run",
        f"Each recorder records {RUNS} runs of ten steps of 1.4 KB each, one after the other, and "
        "then waits until all have arrived at a loopback sink, with the shipped defaults. The "
        "ratio is the caller's CPU time to OpenTelemetry's (batch processor, OTLP over HTTP) in "
        "the same round. CPU and wall time are the caller's for a run: median / p99 of all runs. "
        "CPU of the process includes the threads that send. Memory is the peak growth of the "
        "resident set (Linux only). Sent is the size of a run's bodies as they arrive; some "
        "recorders compress them.",
        (
            "recorder",
            "caller's CPU, ratio",
            "goal",
            "caller's CPU",
            "wall",
            "CPU of the process",
            "runs a second",
            "memory",
            "sent",
        ),
        rows,
    )


def _growth(worker: Worker) -> int | None:
    """Return by how much recording makes a process grow that has recorded one run before."""
    fresh = worker.another()
    try:
        growth: int | None = fresh.ask("resident", "record many", TEN)
        return growth
    finally:
        fresh.close()


def picture(recorders: Recorders, recorded: Recorded) -> Picture:
    """Return the plot of the comparison."""
    return Picture(
        "RECORDING.svg",
        {
            "caller's CPU time": recorded.cpu,
            "caller's wall time": recorded.wall,
            "time until all has arrived": recorded.until_arrived,
        },
        recorders.titles(),
        BASE,
        "a run of ten steps, as a multiple of OpenTelemetry's, which is the line at 1; to the left "
        "is cheaper",
    )


def _median_and_p99(values: Sequence[float]) -> str:
    return f"{_show(median(values))} / {_show(_p99(values))}"


def _p99(values: Sequence[float]) -> float:
    return quantiles(values, n=100, method="inclusive")[98]


def _show(value: float) -> str:
    return duration(Estimate(value, value, value))


def details_table(recorders: Recorders) -> Table:
    """Measure a step, a delivery and `submit` on an event loop."""
    rows = [*_steps(recorders), *_deliveries(recorders), *_submits(recorders)]
    return Table(
        "Steps, delivery and `submit`",
        f"A step without content is one of {STEPS:,} in a run, in CPU time of the caller. Delivery "
        f"is the time per run of ten steps from `Delivery.submit` until all {DELIVERED} have "
        "arrived, with four workers. Its base is four threads that send the same runs with "
        "`pipeline_run_post` to the same sink; the ratio compares throughputs. `submit` is the p99 "
        f"of {recorders.size.submits:,} calls with a run of 100 KiB on an event loop, while the "
        "workers send; its base is the p99 of `json.dumps` with nothing else in the process.",
        ("what", "recorder", "found", "to its base", "goal"),
        rows,
    )


def _steps(recorders: Recorders) -> list[list[str]]:
    workers, size = recorders.workers, recorders.size

    def ask(key: str) -> float:
        cpu: list[float] = workers[key].ask("record", "steps", str(STEPS), runs=5)["cpu"]
        return median(cpu) / STEPS

    lanes = [key for key in ("gentrace", "gentrace-orjson", BASE) if key in workers]
    samples = interleave({key: partial(ask, key) for key in lanes}, size.rounds)
    found = ratios(samples, BASE)
    return [
        [
            "`with run.step(…)` without content" if key in RECORDERS else "a span without content",
            workers[key].client.title,
            duration(Estimate.of(values), spread=True),
            times(found.get(key)),
            "≤ 10 µs" if key in RECORDERS else "",
        ]
        for key, values in samples.items()
    ]


def _deliveries(recorders: Recorders) -> list[list[str]]:
    workers, size = recorders.workers, recorders.size
    rows = []
    for key in RECORDERS:
        ask = workers[key].ask
        calls = max(1, DELIVERED // THREADS)
        samples = interleave(
            {
                "threads": partial(ask, "share", "post", TEN, threads=THREADS, calls=calls),
                "delivery": partial(ask, "time", "deliver", TEN, seconds=size.seconds),
            },
            size.rounds,
        )
        runs = [each / DELIVERED for each in samples["delivery"]]
        throughput = [base / run for base, run in zip(samples["threads"], runs, strict=True)]
        rows.append(
            [
                "delivery with four workers",
                workers[key].client.title,
                duration(Estimate.of(runs), spread=True),
                times(Estimate.of(throughput)),
                "≥ 0.90",
            ]
        )
    return rows


def _submits(recorders: Recorders) -> list[list[str]]:
    workers, size = recorders.workers, recorders.size

    def ask(key: str, name: str) -> float:
        return _p99(workers[key].ask("hold", name, HUNDRED_KIB, times=size.submits))

    lanes = {"floor": partial(ask, "gentrace", "dumps")}
    lanes |= {key: partial(ask, key, "submit") for key in RECORDERS}
    samples = interleave(lanes, min(size.rounds, 3))
    found = ratios(samples)
    return [
        [
            "`submit` of 100 KiB on an event loop, p99",
            "`json.dumps` in its place" if key == "floor" else workers[key].client.title,
            duration(Estimate.of(values), spread=True),
            times(found[key]),
            "" if key == "floor" else "≤ 5 ms",
        ]
        for key, values in samples.items()
    ]
