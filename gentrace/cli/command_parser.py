"""The parser of a word that names a command."""

from __future__ import annotations

import argparse
from collections.abc import Mapping


def make_command_parser(
    program: str, description: str, commands: Mapping[str, str]
) -> argparse.ArgumentParser:
    """Return a parser whose only argument is `command`; its help lists the commands.

    Args:
        program: what is typed before the command.
        description: what the commands do.
        commands: the help text of each.

    """
    parser = argparse.ArgumentParser(
        prog=program,
        description=description,
        epilog=f"{program} COMMAND --help says more of each.",
    )
    choice = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, meaning in commands.items():
        choice.add_parser(name, help=meaning, add_help=False)
    return parser
