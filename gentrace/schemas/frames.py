"""Which line a warning points at: that of the program that called the package."""

from __future__ import annotations


def count_own_frames() -> int:
    """Return the `stacklevel` with which a warning points at the caller of the package."""
    from inspect import currentframe  # noqa: PLC0415 - slow to import, rarely needed

    frame = currentframe()
    count = 0
    while frame is not None and str(frame.f_globals.get("__name__")).startswith("gentrace."):
        count += 1
        frame = frame.f_back
    return count
