"""Where a warning points at: the line of the program that called the package."""

from __future__ import annotations


def count_own_frames() -> int:
    """Return the `stacklevel` by which a function warns of what the caller of the package does."""
    from inspect import currentframe  # noqa: PLC0415 - slow to import, for few calls

    frame = currentframe()
    count = 0
    while frame is not None and str(frame.f_globals.get("__name__")).startswith("gentrace."):
        count += 1
        frame = frame.f_back
    return count
