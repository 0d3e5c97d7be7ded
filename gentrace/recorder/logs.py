"""Log records of the recorder, which raises nothing into the program."""

from __future__ import annotations

from contextlib import suppress
from logging import getLogger

from gentrace.schemas.lenient_conversions import safe_name


def log_warning(text: str, *arguments: object) -> None:
    """Log a warning; an exception of a log handler, or at interpreter exit, is suppressed."""
    with suppress(Exception):
        getLogger("gentrace").warning(text, *arguments)


def log_failure(what: str, error: BaseException) -> None:
    """Log that something was not recorded, with the error's class only: its text may be secret."""
    with suppress(Exception):
        log_warning("%s was not recorded: %s", what, safe_name(error))
