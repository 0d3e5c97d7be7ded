"""A finding of `gentrace doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

OK: Final = "ok"
WRONG: Final = "wrong"
TEMPORARY: Final = "temporary"
INFO: Final = "info"


@dataclass(frozen=True)
class Finding:
    """A topic, its state, and the text that is printed.

    The state is OK, INFO, WRONG, or TEMPORARY for a server that may accept runs later.
    """

    topic: str
    state: str
    text: str
