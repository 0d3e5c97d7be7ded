"""The commands, their exit codes, and how their errors are printed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from gentrace._version import __version__
from gentrace.cli.command_parser import make_command_parser
from gentrace.cli.output import flushing_output, replace_closed_streams, warn
from gentrace.exceptions import OpenApiException

COMMANDS: Final = {
    "check": "find the lines of files that are not valid pipeline runs; needs no network",
    "doctor": "show the configuration, and whether the server can be reached",
    "runs": "list, show, export and delete the runs that a local server has stored",
    "send": "send the pipeline runs in files",
    "spool": "list the unsent runs in a spool directory, and send them",
    "local": "run a local server, with a viewer",
}
"""The help text of each command; the module of that name has its `main(arguments) -> int`."""

EXIT_INCOMPLETE: Final = 1
EXIT_ERROR: Final = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: the arguments without the program's name; None takes those of the process.

    Returns:
        The exit code: 0 for success; 1 if something was found to be wrong, was rejected or is left
        to do; 2 if the command could not run, such as for a wrong argument.

    """
    replace_closed_streams()
    given = sys.argv[1:] if arguments is None else list(arguments)
    parser = make_command_parser(
        "gentrace", "Record, check, send and read pipeline runs.", COMMANDS
    )
    parser.add_argument("--version", action="version", version=f"gentrace-py {__version__}")
    program = "gentrace"
    try:
        with flushing_output():
            command = parser.parse_args(given[:1]).command
            program = f"gentrace {command}"
            module = import_module(f"gentrace.cli.{command}")
            code: int = module.main(given[1:])
    except BrokenPipeError:  # the reader has closed the pipe
        return EXIT_INCOMPLETE
    except (ImportError, OSError, OpenApiException) as error:
        warn(f"{program}: {error}")
        return EXIT_ERROR
    except KeyboardInterrupt:
        warn(f"{program}: interrupted")
        return EXIT_INCOMPLETE
    return code
