"""`gentrace runs show`: show one run, its steps on a time axis."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from gentrace.cli.arguments import run_id
from gentrace.cli.output import print_json, print_line, warn
from gentrace.cli.runs_server import add_server, connect, is_missing
from gentrace.cli.terminal import duration, one_line, table
from gentrace.cli.timeline import Bar, draw
from gentrace.exceptions import NotFoundException

if TYPE_CHECKING:
    from gentrace.runs import StoredRun

MIN_WIDTH: Final = 40
TEXT_WIDTH: Final = 1000


def main(arguments: Sequence[str]) -> int:
    """Show a run; return 1 if there is none of that id."""
    parser = argparse.ArgumentParser(
        prog="gentrace runs show",
        description="Show a run that a local server has stored, its steps on a time axis.",
    )
    parser.add_argument(
        "id", type=run_id, metavar="ID", help="id of the run, as gentrace runs list shows it"
    )
    parser.add_argument("--json", action="store_true", help="print all of it as an object")
    add_server(parser)
    options = parser.parse_args(arguments)
    with connect(options.host) as api:
        try:
            run = api.run_get(options.id).body
        except NotFoundException as error:
            if not is_missing(error):
                raise
            warn(f"gentrace runs show: there is no run {options.id}")
            return 1
    if options.json:
        print_json(run.to_dict())
        return 0
    for line in _describe(run):
        print_line(line)
    return 0


def _describe(run: StoredRun) -> Iterator[str]:
    facts = [
        ("name", run.name),
        ("id", run.pipeline_run_id),
        ("stored", run.created_at),
        ("started", run.start_time or "-"),
        ("took", duration(run.duration)),
        (
            "steps",
            f"{run.steps}, {run.failed_steps} failed" if run.failed_steps else f"{run.steps}",
        ),
        ("bytes", str(run.bytes)),
    ]
    if run.error is not None:
        facts.append(("error", run.error))
    yield from table([(name, one_line(text, TEXT_WIDTH)) for name, text in facts])
    bars = list(_bars(run))
    if bars:
        yield ""
        width = max(MIN_WIDTH, shutil.get_terminal_size().columns)
        yield from draw(bars, width, sys.stdout.encoding)
    if len(bars) < run.steps:
        yield f"{len(bars)} of {run.steps} steps: those that failed and the longest"


def _bars(run: StoredRun) -> Iterator[Bar]:
    invocations = _invocations(run)
    for index, (start, duration_ms, failed, provider) in enumerate(run.timeline):
        invocation = invocations[index] if index < len(invocations) else ""
        yield Bar(f"{provider} {invocation}".strip(), start, duration_ms, bool(failed))


def _invocations(run: StoredRun) -> Sequence[str]:
    """Return the invocation of each step, nothing if the timeline lacks steps."""
    if len(run.timeline) < run.steps:
        return ()
    steps = run["pipelineRun"]["stepRuns"]
    return [step.get("provider", {}).get("invocation", "") for step in steps]
