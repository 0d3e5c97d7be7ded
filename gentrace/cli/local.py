"""`gentrace local`: the local server in the foreground, as `python -m gentrace.local`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run the server until a signal stops it."""
    from gentrace.local.__main__ import main as run  # noqa: PLC0415 - only this command needs it

    return run(arguments)
