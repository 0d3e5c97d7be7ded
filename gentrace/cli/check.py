"""`gentrace check`: find the lines of files that are not valid pipeline runs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import chain

from gentrace.backfill.lines import Line, read_lines
from gentrace.backfill.runs import read_run
from gentrace.cli.arguments import file_name
from gentrace.cli.line_warnings import print_warnings
from gentrace.cli.output import print_json, print_line, warn
from gentrace.exceptions import ApiTypeError, ApiValueError, format_path


def main(arguments: Sequence[str]) -> int:
    """Check files; return 1 if a line is not a valid run."""
    parser = argparse.ArgumentParser(
        prog="gentrace check",
        description="Find the lines of JSON Lines files that are not valid pipeline runs. Nothing "
        "is sent.",
    )
    parser.add_argument(
        "files", nargs="+", type=file_name, metavar="FILE", help="plain or gzip; - is stdin"
    )
    parser.add_argument("--json", action="store_true", help="print an object for each finding")
    options = parser.parse_args(arguments)
    lines = errors = 0
    for line in print_warnings(chain.from_iterable(map(read_lines, options.files)), warn):
        lines += 1
        try:
            read_run(line)
        except (ApiTypeError, ApiValueError) as error:
            errors += 1
            _print_error(line, error, as_json=options.json)
    totals = {"lines": lines, "runs": lines - errors, "flaws": errors}
    if options.json:
        print_json(totals)
    else:
        print_line(f"{lines} lines: {lines - errors} valid runs, {errors} invalid")
    return 1 if errors else 0


def _print_error(line: Line, error: ApiTypeError | ApiValueError, *, as_json: bool) -> None:
    if not as_json:
        print_line(f"{line.source}:{line.number}: {error}")
        return
    place = None if error.path_to_item is None else format_path(error.path_to_item)
    print_json(
        {"file": line.source, "line": line.number, "at": place, "error": error.message},
    )
