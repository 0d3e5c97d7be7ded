"""`gentrace runs delete`: stored runs, deleted by their ids."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from gentrace.cli.arguments import run_id
from gentrace.cli.output import say, say_json, warn
from gentrace.cli.runs_server import add_server, reach
from gentrace.exceptions import NotFoundException

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Delete runs; 1 if one of them was not there."""
    parser = argparse.ArgumentParser(
        prog="gentrace runs delete", description="Delete runs that a local server has stored."
    )
    parser.add_argument("ids", nargs="+", type=run_id, metavar="ID", help="id of a run")
    parser.add_argument("--json", action="store_true", help="print an object for each run")
    add_server(parser)
    options = parser.parse_args(arguments)
    missing = False
    with reach(options.host) as api:
        for each in options.ids:
            try:
                api.run_delete(each)
                is_deleted = True
            except NotFoundException:
                is_deleted = False
                missing = True
            if options.json:
                say_json({"pipelineRunId": each, "deleted": is_deleted})
            elif is_deleted:
                say(f"deleted {each}")
            else:
                warn(f"gentrace runs delete: there is no run {each}")
    return 1 if missing else 0
