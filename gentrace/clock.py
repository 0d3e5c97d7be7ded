"""The clocks by which everything that waits is measured."""

from __future__ import annotations

import time
from functools import partial

_has_clocks = hasattr(time, "clock_gettime")

now = partial(time.clock_gettime, time.CLOCK_MONOTONIC) if _has_clocks else time.monotonic
"""Seconds of a clock that only goes on. freezegun, which stops `time.monotonic` wherever a module
has it, neither knows `clock_gettime` nor looks into a partial function."""

wall_time = partial(time.clock_gettime, time.CLOCK_REALTIME) if _has_clocks else time.time
"""Seconds since the epoch, which freezegun does not stop either: how old runs on disk are."""
