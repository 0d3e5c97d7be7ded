"""What the recorder says on the logger `gentrace`, as it raises nothing into the program."""

from __future__ import annotations

from contextlib import suppress
from logging import getLogger

from gentrace.schemas.lenient_conversions import safe_name


def warn(text: str, *arguments: object) -> None:
    """Log a warning, whatever state the interpreter and its handlers are in."""
    with suppress(Exception):
        getLogger("gentrace").warning(text, *arguments)


def report(what: str, error: BaseException) -> None:
    """Log what was not recorded, with the class of the error alone: its text may be secret."""
    with suppress(Exception):
        warn("%s was not recorded: %s", what, safe_name(error))
