"""`gentrace runs list`: list stored runs in a table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final

from gentrace.cli.output import print_json, print_line, warn
from gentrace.cli.runs_server import add_filters, add_server, connect, filters_of
from gentrace.cli.terminal import duration, one_line, table
from gentrace.configuration import check_positive

if TYPE_CHECKING:
    from gentrace.runs import StoredRun

LIMIT: Final = 50
PAGE: Final = 1000
"""How many runs one response of a server has at most."""

NAME_WIDTH: Final = 32
ERROR_WIDTH: Final = 60
HEADINGS: Final = ("ID", "STORED", "TOOK", "STEPS", "FAILED", "NAME", "ERROR")


def main(arguments: Sequence[str]) -> int:
    """List runs."""
    parser = argparse.ArgumentParser(
        prog="gentrace runs list",
        description="List the runs that a local server has stored, the newest first.",
    )
    add_filters(parser)
    parser.add_argument(
        "--limit", type=int, default=LIMIT, metavar="N", help="how many at most (%(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print an object for each run")
    add_server(parser)
    options = parser.parse_args(arguments)
    # islice takes no larger number.
    limit = min(check_positive("--limit", options.limit), sys.maxsize - 1)
    with connect(options.host) as api:
        # One more than the limit, to know whether there are more.
        found = api.runs_iterate(view="summary", limit=min(limit + 1, PAGE), **filters_of(options))
        if options.json:
            for run in islice(found, limit):
                print_json(run.to_dict())
            return 0
        runs = list(islice(found, limit + 1))
    for line in table([HEADINGS, *map(_row, runs[:limit])]):
        print_line(line)
    if len(runs) > limit:
        warn(f"gentrace runs list: there are more; --limit N shows more than {limit}")
    return 0


def _row(run: StoredRun) -> Sequence[str]:
    return (
        one_line(run.pipeline_run_id, NAME_WIDTH * 2),
        run.created_at,
        duration(run.duration),
        str(run.steps),
        str(run.failed_steps or ""),
        one_line(run.name, NAME_WIDTH),
        one_line(run.error or "", ERROR_WIDTH),
    )
