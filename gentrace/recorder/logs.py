"""Log records of the recorder, which raises nothing into the program."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache

from gentrace.delivery.notices import warn, warn_once
from gentrace.schemas.lenient_conversions import safe_name
from gentrace.schemas.near_misses import suggest
from gentrace.schemas.words import show


def log_failure(what: str, error: BaseException) -> None:
    """Log that something was not recorded, with the error's class only: its text may be secret."""
    with suppress(Exception):
        warn(f"{what} was not recorded: {safe_name(error)}")


def warn_of_unknown_attributes(recorded: object, kind: type) -> None:
    """Warn, once a name, of public attributes that the program set, but that `kind` does not have.

    Args:
        recorded: a step or a run.
        kind: its public class.

    """
    with suppress(Exception):
        for name in list(vars(recorded)):
            if not (name.startswith("_") or hasattr(kind, name)):
                warn_once(f"{kind.__name__}.{name}", _unknown_attribute(kind, name))


@lru_cache(maxsize=1000)  # finding names to suggest takes long
def _unknown_attribute(kind: type, name: str) -> str:
    known = [each for each in dir(kind) if not each.startswith("_")]
    return f"{kind.__name__} has no {show(name)}, so it is not recorded{suggest(name, known)}"
