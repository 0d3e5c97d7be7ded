"""The measurements of the clients; each returns a table."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from benchmarks import payloads, starting
from benchmarks.measuring import Estimate, fresh, interleave, ratios
from benchmarks.report import Picture, Table, duration, times
from benchmarks.server import STREAMED_SIZE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.bench import Bench
    from benchmarks.measuring import Samples

OURS = ("gentrace", "gentrace-orjson")
LANES = ("floor", *OURS)
LANE_TITLES = ("the floor", "five packages only", "with orjson")
THREADS = 16
MIB = 1024 * 1024


def compare(bench: Bench) -> dict[str, Samples]:
    """Measure all clients: calls, encoding, importing and starting."""
    return {
        "call, 1 step": bench.time_each("call", "chat(1)"),
        "call, 10 steps": bench.time_each("call", "chat(10)"),
        "call, 10 steps of 1,536 floats": bench.time_each("call", "floats()"),
        "encode, 10 steps": bench.time_each("encode", "chat(10)"),
        "import": starting.imports(bench.programs, bench.size.starts),
        "cold start": starting.first_runs(bench.programs, bench.url, bench.size.starts),
    }


def comparison_table(bench: Bench, comparison: Mapping[str, Samples]) -> Table:
    """Return the table that compares each client with the floor."""
    goals = {
        "goal, five packages only": ("≤ 0.95", "≤ 0.95", "≤ 1.05", "", "≤ 0.45", "≤ 1.25"),
        "goal, with orjson": ("≤ 0.90", "≤ 0.80", "≤ 0.25", "", "", ""),
    }
    by_column = [ratios(samples) for samples in comparison.values()]
    floors = [duration(Estimate.of(samples["floor"])) for samples in comparison.values()]
    rows = [["the floor's duration", *floors]]
    for key, worker in bench.workers.items():
        cells = [times(column.get(key)) for column in by_column]
        rows.append([f"**{worker.client.title}**" if key in OURS else worker.client.title, *cells])
    rows += [[title, *cells] for title, cells in goals.items()]
    return Table(
        "Clients side by side",
        "A call uses a kept-alive loopback connection and the shipped defaults, and ends when it "
        "has returned the id of the stored run. Encode converts a plain dict, with checks, to the "
        "bytes that are sent. Import runs the import lines of the client's documentation, except "
        "`pprint`, in a fresh process. Cold start is the time from process start to the first "
        "stored run, minus that of an empty process. With five packages only, importing orjson "
        "fails.",
        ("client", *comparison),
        rows,
    )


def picture(bench: Bench, comparison: Mapping[str, Samples]) -> Picture:
    """Return the plot of the comparison."""
    return Picture(
        "RESULTS.svg",
        comparison,
        bench.titles(),
        "floor",
        "duration as a multiple of the floor's, which is the line at 1: urllib3 and json by "
        "hand; to the left is cheaper",
    )


def models(bench: Bench) -> Table:
    """Measure models, threads and the creation of a client."""
    ten = "chat(10)"
    empty = ("gentrace", "Empty()", "None")
    questions = {
        "a model made from a dict of 10 steps": (
            ("`json.dumps`", ("floor", "dumps", ten)),
            ("make a model", ten, "≤ 2.0"),
        ),
        "that model encoded": (
            ("the floor's encode", ("floor", "encode", ten)),
            ("encode a model", ten, "≤ 1.2"),
        ),
        "`Configuration()`": (
            ("an empty dataclass", empty),
            ("Configuration()", "None", "≤ 10 µs"),
        ),
        "`ApiClient(c)`": (
            ("an empty dataclass", empty),
            ("ApiClient(c)", "None", "≤ 20 µs"),
        ),
    }
    rows = []
    for title, ((base, lane), (name, payload, goal)) in questions.items():
        samples = bench.time({"floor": lane, **{key: (key, name, payload) for key in OURS}})
        rows.append(_versus(title, base, samples, goal))
    lanes = {
        key: partial(
            bench.workers[key].ask,
            "share",
            "call",
            ten,
            threads=THREADS,
            calls=bench.size.calls,
        )
        for key in LANES
    }
    samples = interleave(lanes, bench.size.rounds)
    rows.append(
        _versus(f"a call of 10 steps in {THREADS} threads", "the floor's", samples, "≤ 1.0")
    )
    return Table(
        "Models, threads and the making of a client",
        "The ratio to the base, and the duration. For threads, it is the duration of all calls of "
        "one client, divided by their number: its inverse is the throughput.",
        ("what", "its base", *LANE_TITLES[1:], "goal"),
        rows,
    )


def _versus(title: str, base: str, samples: Samples, goal: str) -> list[str]:
    """Return a table row that compares the two lanes of this SDK with a base."""
    durations = {key: duration(Estimate.of(values)) for key, values in samples.items()}
    found = ratios(samples)
    cells = [f"{times(found[key])}, {durations[key]}" for key in OURS]
    return [title, f"{base}, {durations['floor']}", *cells, goal]


def growth(bench: Bench) -> Table:
    """Measure how the cost grows with the size and the depth of the body."""
    questions = (
        ("call, a step", "call", "chat", payloads.STEPS),
        ("encode, a step", "encode", "chat", payloads.STEPS),
        ("encode, a level of depth", "encode", "nested", payloads.DEPTHS),
    )
    rows = []
    for title, name, payload, sizes in questions:
        samples = bench.time(
            {f"{key} {n}": (key, name, f"{payload}({n})") for key in LANES for n in sizes}
        )
        pairs = list(pairwise(sizes))
        slopes: dict[str, list[list[float]]] = {
            key: [
                [
                    (more - less) / (larger - smaller)
                    for less, more in zip(
                        samples[f"{key} {smaller}"], samples[f"{key} {larger}"], strict=True
                    )
                ]
                for smaller, larger in pairs
            ]
            for key in LANES
        }
        for number, (smaller, larger) in enumerate(pairs):
            cells = [duration(Estimate.of(slopes[key][number]), spread=True) for key in LANES]
            rows.append([f"{title}, from {smaller} to {larger:,}", *cells])
    return Table(
        "Growth",
        "The cost of one more step, or one more level of depth, between two sizes. Goal: the "
        "values of a column are within 15 % of each other, as far as the floor's are.",
        ("what", *LANE_TITLES),
        rows,
    )


def memory(bench: Bench) -> Table:
    """Measure the memory of a call relative to its body."""
    size, count = bench.size.body, bench.size.numbers
    contents = {
        "ASCII: chat steps": f"chat({size // 1400})",
        "ASCII: 50 long texts": f"texts('a', {size})",
        "ASCII: a list of small integers": f"numbers({count})",
        "Latin-1: 50 texts of `é`": f"texts('é', {size})",
        "beyond Latin-1: 50 texts of `я`": f"texts('я', {size})",
        "ASCII but for one emoji a text": f"texts('a', {size}, '😀')",
    }
    rows = []
    for title, payload in contents.items():
        encoded = fresh("floor", bench.url, "result", "size", payload)
        cells = [title, f"{int(encoded) / MIB:.1f} MiB"]
        for key in LANES:
            peaks = [fresh(key, bench.url, do, "call", payload) for do in ("traced", "resident")]
            cells.append(
                " / ".join(f"{peak / int(encoded):.2f}" for peak in peaks if peak is not None)
            )
        rows.append([*cells, "≤ 2.5" if title.startswith("ASCII:") else ""])
    growths = [fresh(key, bench.url, "resident", "stream", "chat(1)") for key in OURS]
    cells = ["not measured" if growth is None else f"{growth / MIB:.1f} MiB" for growth in growths]
    rows.append(
        [
            "an answer read with `stream=True`",
            f"{STREAMED_SIZE / MIB:.0f} MiB",
            "",
            *cells,
            "< 24 MiB",
        ]
    )
    return Table(
        "Memory of a call",
        "Peak memory of the call beyond the memory before it, as a multiple of the encoded body: "
        "by tracemalloc / by growth of the resident set (Linux only). The former includes memory "
        "that is reserved and never touched, as orjson does for lists. For streaming, the latter.",
        ("content", "encoded", *LANE_TITLES, "goal"),
        rows,
    )


def deadlines(bench: Bench) -> Table:
    """Measure by how much a call overruns its time-out."""
    from benchmarks.deadlines import overruns  # noqa: PLC0415 - it loads the SDK

    found = overruns(bench.size.timeout, bench.size.timeouts)
    return Table(
        "Deadlines",
        f"The longest of {bench.size.timeouts} calls with `timeout={bench.size.timeout}` against "
        f"servers that never finish, minus that time-out. Goal: at most 100 ms.",
        ("the server sends", "overrun"),
        [[title, f"{max(each) * 1e3:.1f} ms"] for title, each in found.items()],
    )
