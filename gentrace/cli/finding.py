"""What is known of a setup, and whether it is well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

WELL: Final = "ok"
WRONG: Final = "wrong"
KNOWN: Final = "info"


@dataclass(frozen=True)
class Finding:
    """A topic, whether it is well, and what is known of it."""

    topic: str
    state: str
    text: str
