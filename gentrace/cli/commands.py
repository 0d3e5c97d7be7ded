"""The commands, and what holds for all of them: exit codes, and how a mistake ends."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final

from gentrace._version import __version__
from gentrace.cli.output import replace_closed_streams, warn
from gentrace.exceptions import OpenApiException

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS: Final = {
    "check": "find the lines of files that are no pipeline runs; needs no network",
    "doctor": "show what is configured, and whether the server can be reached",
    "runs": "list, show, export and delete the runs that a local server has stored",
    "send": "send the pipeline runs in files",
    "spool": "show the runs that wait on disk, and send them",
    "local": "run a Gentrace server of one's own",
}
"""What each does; the module of that name has its `main(arguments) -> int`."""

WELL: Final = 0
FOUND: Final = 1
MISTAKE: Final = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command.

    Args:
        arguments: the words after the program's name; None takes those of the process.

    Returns:
        The exit code: 0 when all is well; 1 when something was found to be wrong, refused or left
        undone; 2 when the command could not be carried out as it was asked for.

    """
    replace_closed_streams()
    given = sys.argv[1:] if arguments is None else list(arguments)
    command = _read_command(given[:1])
    module = import_module(f"gentrace.cli.{command}")
    try:
        code: int = module.main(given[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has enough. Nothing may be written at the interpreter's end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FOUND
    except (ImportError, OSError, OpenApiException) as error:
        warn(f"gentrace {command}: {error}")
        return MISTAKE
    except KeyboardInterrupt:
        warn(f"gentrace {command}: interrupted")
        return FOUND
    return code


def _read_command(words: Sequence[str]) -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {meaning}" for name, meaning in COMMANDS.items()]
    parser = argparse.ArgumentParser(
        prog="gentrace",
        usage="gentrace COMMAND …",
        description="Record, check, send and read pipeline runs.",
        epilog="\n".join(["commands:", *lines, "", "gentrace COMMAND --help says more of each."]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"gentrace-py {__version__}")
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help="one of those below")
    command: str = parser.parse_args(words).command
    return command
