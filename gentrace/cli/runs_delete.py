"""`gentrace runs delete`: delete stored runs by id."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from gentrace.cli.arguments import run_id
from gentrace.cli.output import print_json, print_line, warn
from gentrace.cli.runs_server import add_server, connect, is_missing
from gentrace.exceptions import NotFoundException


def main(arguments: Sequence[str]) -> int:
    """Delete runs; return 1 if there is no run of one of the ids."""
    parser = argparse.ArgumentParser(
        prog="gentrace runs delete", description="Delete runs that a local server has stored."
    )
    parser.add_argument("ids", nargs="+", type=run_id, metavar="ID", help="id of a run")
    parser.add_argument("--json", action="store_true", help="print an object for each run")
    add_server(parser)
    options = parser.parse_args(arguments)
    missing = False
    with connect(options.host) as api:
        for given in options.ids:
            try:
                api.run_delete(given)
                is_deleted = True
            except NotFoundException as error:
                if not is_missing(error):
                    raise
                is_deleted = False
                missing = True
            if options.json:
                print_json({"pipelineRunId": given, "deleted": is_deleted})
            elif is_deleted:
                print_line(f"deleted {given}")
            else:
                warn(f"gentrace runs delete: there is no run {given}")
    return 1 if missing else 0
