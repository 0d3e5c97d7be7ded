"""A finding of `gentrace doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

OK: Final = "ok"
WRONG: Final = "wrong"
INFO: Final = "info"


@dataclass(frozen=True)
class Finding:
    """A topic, its state, which is OK, INFO or WRONG, and the text that is printed."""

    topic: str
    state: str
    text: str
