"""`gentrace runs`: read and delete stored runs; each subcommand has a module `runs_…`."""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS: Final = {
    "list": "list stored runs, the newest first",
    "show": "show one run, its steps on a time axis",
    "export": "write runs as JSON Lines, the oldest first",
    "delete": "delete runs",
}
"""The help text of each; the module `runs_` and that name has its `main(arguments) -> int`."""


def main(arguments: Sequence[str]) -> int:
    """Run one of the subcommands."""
    module = import_module(f"gentrace.cli.runs_{_read_command(arguments[:1])}")
    code: int = module.main(arguments[1:])
    return code


def _read_command(words: Sequence[str]) -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {meaning}" for name, meaning in COMMANDS.items()]
    parser = argparse.ArgumentParser(
        prog="gentrace runs",
        usage="gentrace runs COMMAND …",
        description="Read back the pipeline runs that a local server has stored.",
        epilog="\n".join(
            ["commands:", *lines, "", "gentrace runs COMMAND --help says more of each."]
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help="one of those below")
    command: str = parser.parse_args(words).command
    return command
