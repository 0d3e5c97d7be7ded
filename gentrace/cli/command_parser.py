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
    width = max(map(len, commands))
    lines = [f"  {name:{width}}  {meaning}" for name, meaning in commands.items()]
    parser = argparse.ArgumentParser(
        prog=program,
        usage=f"{program} COMMAND ...",
        description=description,
        epilog="\n".join(["commands:", *lines, "", f"{program} COMMAND --help says more of each."]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=commands, metavar="COMMAND", help="one of those below")
    return parser
