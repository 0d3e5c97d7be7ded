"""`gentrace runs`: read and delete stored runs; each subcommand has a module `runs_…`."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Final

from gentrace.cli.command_parser import make_command_parser

COMMANDS: Final = {
    "list": "list stored runs, the newest first",
    "show": "show one run, its steps on a time axis",
    "export": "write runs as JSON Lines, the oldest first",
    "delete": "delete runs",
}
"""The help text of each; the module `runs_` and that name has its `main(arguments) -> int`."""


def main(arguments: Sequence[str]) -> int:
    """Run one of the subcommands."""
    description = "Read back the pipeline runs that a local server has stored."
    parser = make_command_parser("gentrace runs", description, COMMANDS)
    module = import_module(f"gentrace.cli.runs_{parser.parse_args(arguments[:1]).command}")
    code: int = module.main(arguments[1:])
    return code
