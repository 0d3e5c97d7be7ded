"""`gentrace check`: each line that is no pipeline run, with its place and the remedy."""

from __future__ import annotations

import argparse
from itertools import chain
from typing import TYPE_CHECKING

from gentrace.backfill.lines import read_lines
from gentrace.backfill.runs import read_run
from gentrace.cli.arguments import file_name
from gentrace.cli.line_warnings import LineWarnings
from gentrace.cli.output import say, say_json, warn
from gentrace.exceptions import ApiTypeError, ApiValueError, format_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gentrace.backfill.lines import Line


def main(arguments: Sequence[str]) -> int:
    """Check files; 1 if a line of one is no run."""
    parser = argparse.ArgumentParser(
        prog="gentrace check",
        description="Find the lines of files in the form JSON Lines that are no pipeline runs. "
        "Nothing is sent.",
    )
    parser.add_argument(
        "files", nargs="+", type=file_name, metavar="FILE", help="plain or gzip; - is stdin"
    )
    parser.add_argument("--json", action="store_true", help="print an object for each finding")
    options = parser.parse_args(arguments)
    lines = flaws = 0
    with LineWarnings(warn) as said:
        for line in said.follow(chain.from_iterable(map(read_lines, options.files))):
            lines += 1
            try:
                read_run(line)
            except (ApiTypeError, ApiValueError) as error:
                flaws += 1
                _report(line, error, as_json=options.json)
    totals = {"lines": lines, "runs": lines - flaws, "flaws": flaws}
    if options.json:
        say_json(totals)
    else:
        say(f"{lines} lines: {lines - flaws} runs, {flaws} that are none")
    return 1 if flaws else 0


def _report(line: Line, error: ApiTypeError | ApiValueError, *, as_json: bool) -> None:
    if not as_json:
        say(f"{line.source}:{line.number}: {error}")
        return
    place = None if error.path_to_item is None else format_path(error.path_to_item)
    say_json(
        {"file": line.source, "line": line.number, "at": place, "error": error.message},
    )
