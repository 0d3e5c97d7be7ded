"""The clock by which everything that waits is measured."""

from __future__ import annotations

import time
from functools import partial

now = (
    partial(time.clock_gettime, time.CLOCK_MONOTONIC)
    if hasattr(time, "clock_gettime")
    else time.monotonic
)
"""Seconds of a clock that only goes on. freezegun, which stops `time.monotonic` wherever a module
has it, neither knows `clock_gettime` nor looks into a partial function."""
