"""Write the results as Markdown tables, with the machine that they were measured on."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.measuring import Estimate, Samples

COMMAND = """\
python3 -m venv build/bench \\
  && build/bench/bin/python -m pip install -r benchmarks/requirements.txt \\
  && build/bench/bin/python -m benchmarks"""

READING = (
    "Ratios are relative to the floor, the same work written by hand with "
    "`urllib3.PoolManager.request` and `json`, in the same round: the median of the rounds, with "
    "the quartiles in brackets."
)

PACKAGES = ("urllib3", "frozendict", "certifi", "python-dateutil", "typing-extensions", "orjson")


@dataclass(frozen=True)
class Table:
    """The result of one measurement.

    Attributes:
        title: the question's subject.
        text: what is measured, and how to read the numbers.
        columns: heads of the columns.
        rows: cells, row by row.

    """

    title: str
    text: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def __str__(self) -> str:
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return f"## {self.title}\n\n{self.text}\n\n{table}\n"


@dataclass(frozen=True)
class Picture:
    """A plot of ratios, with a panel for each measurement.

    Attributes:
        name: of the file.
        samples: durations, by question and key of client.
        titles: names of the clients, by key.
        base: key of the client that the ratios are to.
        label: what the ratios are.

    """

    name: str
    samples: Mapping[str, Samples]
    titles: Mapping[str, str]
    base: str
    label: str


def times(estimate: Estimate | None) -> str:
    """Show a ratio with its quartiles."""
    if estimate is None:
        return ""
    digits = 2 if estimate.value < 10 else 1  # noqa: PLR2004 - three figures are enough
    value, low, high = (f"{number:.{digits}f}" for number in estimate)
    return f"{value} ({low} to {high})"


def duration(estimate: Estimate, *, spread: bool = False) -> str:
    """Show a duration, given in seconds, in the unit that suits it; its quartiles if asked to."""
    unit, factor = next(
        (unit, factor)
        for unit, factor in (("ms", 1e3), ("µs", 1e6), ("ns", 1e9))
        if estimate.value * factor >= 1 or unit == "ns"
    )
    value, low, high = (f"{number * factor:.3g}" for number in estimate)
    return f"{value} {unit} ({low} to {high})" if spread else f"{value} {unit}"


def machine() -> str:
    """Name the machine and the interpreter."""
    processor = platform.processor() or platform.machine()
    details = Path("/proc/cpuinfo")
    if details.exists():
        fields = (line.split(":", 1) for line in details.read_text("utf-8").splitlines())
        models = [field[1].strip() for field in fields if field[0].strip() == "model name"]
        processor = models[0] if models else processor
    return (
        f"{processor}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, "
        f"{platform.python_implementation()} {platform.python_version()}"
    )


def document(tables: Sequence[Table], left_out: Mapping[str, str], notes: Mapping[str, str]) -> str:
    """Put the results together as a page in Markdown."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    parts = [
        "# Benchmarks\n",
        "Regenerate this page and its plots from the top of a checkout:\n",
        f"```sh\n{COMMAND}\n```\n",
        f"{READING}\n",
        f"- Machine: {machine()}",
        f"- gentrace-py {version('gentrace-py')} with {packages}",
        *(f"- {title}: {note}" for title, note in notes.items()),
        *(f"- Left out: {title}: {reason}" for title, reason in left_out.items()),
        "",
        *map(str, tables),
    ]
    return "\n".join(parts)
