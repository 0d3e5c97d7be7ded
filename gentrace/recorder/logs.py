"""Log records of the recorder, which raises nothing into the program."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from logging import getLogger

from gentrace.schemas.lenient_conversions import safe_name
from gentrace.schemas.near_misses import suggest
from gentrace.schemas.words import show


def log_warning(text: str, *arguments: object) -> None:
    """Log a warning; an exception of a log handler, or at interpreter exit, is suppressed."""
    with suppress(Exception):
        getLogger("gentrace").warning(text, *arguments)


def log_failure(what: str, error: BaseException) -> None:
    """Log that something was not recorded, with the error's class only: its text may be secret."""
    with suppress(Exception):
        log_warning("%s was not recorded: %s", what, safe_name(error))


def warn_of_unknown_attributes(recorded: object, kind: type) -> None:
    """Warn, once a name, of public attributes that the program set, but that `kind` does not have.

    Args:
        recorded: a step or a run.
        kind: its public class.

    """
    with suppress(Exception):
        for name in list(vars(recorded)):
            if not (name.startswith("_") or hasattr(kind, name)):
                _warn_of_unknown_attribute(kind, name)


@lru_cache(maxsize=1000)
def _warn_of_unknown_attribute(kind: type, name: str) -> None:
    known = [each for each in dir(kind) if not each.startswith("_")]
    log_warning(
        "%s has no %s, so it is not recorded%s", kind.__name__, show(name), suggest(name, known)
    )
