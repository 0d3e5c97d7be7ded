"""The command line: `python -m gentrace`, or the script `gentrace`."""

from gentrace.cli.commands import main

__all__ = ["main"]
