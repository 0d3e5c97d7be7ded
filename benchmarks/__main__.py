"""Compare the cost of a call with the same call written by hand, and with other clients.

Run it from the top of a checkout, in its own virtual environment, with one command:

    python3 -m venv build/bench \
        && build/bench/bin/python -m pip install -r benchmarks/requirements.txt \
        && build/bench/bin/python -m benchmarks

It makes the other clients from PyPI, below `build/bench/peers` (two of their generators need
Java), measures for about ten minutes, on a machine that should do nothing else, and writes
`benchmarks/RESULTS.md` with its plots `RESULTS.svg` and `RECORDING.svg`. What it measures goes over
loopback only. With an option it shows its tables and writes nothing.
"""

from __future__ import annotations

import argparse
import filecmp
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import lines, measures, recording
from benchmarks.bench import FULL, SHORT, opened
from benchmarks.report import document

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.bench import Bench
    from benchmarks.report import Picture, Table

FOLDER = Path(__file__).parent

QUESTIONS: dict[str, Callable[[Bench], Table]] = {
    "models": measures.models,
    "growth": measures.growth,
    "memory": measures.memory,
    "deadlines": measures.deadlines,
}
"""The questions about calls beside the comparison, by the names that `--only` knows."""

ALL = ("comparison", *QUESTIONS, "recording", "lines")
"""All questions: those about calls, about recording, and about user code."""


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--quick", action="store_true", help="see that all works, without other clients"
    )
    parser.add_argument("--no-peers", action="store_true", help="leave the other clients out")
    parser.add_argument(
        "--only",
        action="append",
        choices=[*ALL],
        help="answer one question",
    )
    return parser.parse_args(arguments)


def check_installed() -> None:
    """End the program if the installed package is not this checkout's."""
    installed = Path(sysconfig.get_path("purelib")) / "gentrace"
    checkout = FOLDER.parent / "gentrace"
    names = [str(path.relative_to(checkout)) for path in checkout.rglob("*.py")]
    if installed.is_dir() and filecmp.cmpfiles(installed, checkout, names, shallow=False)[1:] != (
        [],
        [],
    ):
        sys.exit(
            "benchmarks: the installed gentrace differs from this checkout, install it again: "
            f"{sys.executable} -m pip install -r benchmarks/requirements.txt"
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, show the tables and write the results."""
    options = parse(arguments)
    chosen = options.only or ALL
    size, peers = SHORT if options.quick else FULL, not (options.quick or options.no_peers)
    check_installed()
    tables: list[Table] = []
    left_out: dict[str, str] = {}
    notes: dict[str, str] = {}
    pictures: list[Picture] = []
    if {"comparison", *QUESTIONS}.intersection(chosen):
        with opened(size, peers=peers and "comparison" in chosen) as bench:
            for name in chosen:
                print(f"measuring {name}", file=sys.stderr)
                if name == "comparison":
                    comparison = measures.compare(bench)
                    tables.append(measures.comparison_table(bench, comparison))
                    pictures.append(measures.picture(bench, comparison))
                elif name in QUESTIONS:
                    tables.append(QUESTIONS[name](bench))
            left_out |= bench.left_out
            notes |= bench.notes()
    if "lines" in chosen:
        tables.append(lines.table())
    if "recording" in chosen:
        print("measuring recording", file=sys.stderr)
        with recording.opened(size, peers=peers) as recorders:
            recorded = recording.record(recorders)
            tables.append(recording.recording_table(recorders, recorded))
            tables.append(recording.details_table(recorders))
            pictures.append(recording.picture(recorders, recorded))
            left_out |= recorders.left_out
            notes |= recorders.notes()
    page = document(tables, left_out, notes)
    print(page)
    if options.quick or options.no_peers or options.only:
        return
    from benchmarks import plot  # noqa: PLC0415 - heavy, and the short forms draw nothing

    (FOLDER / "RESULTS.md").write_text(page, encoding="utf-8")
    for picture in pictures:
        plot.write(picture, FOLDER)


if __name__ == "__main__":
    main()
