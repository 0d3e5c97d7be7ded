"""The clocks of the package, which freezegun does not freeze: deadlines must stay real."""

from __future__ import annotations

import time
from functools import partial

_has_clocks = hasattr(time, "clock_gettime")

now = partial(time.clock_gettime, time.CLOCK_MONOTONIC) if _has_clocks else time.monotonic
"""Seconds of a monotonic clock. freezegun replaces `time.monotonic` wherever a module has it, but
neither knows `clock_gettime` nor looks into a partial function."""

wall_time = partial(time.clock_gettime, time.CLOCK_REALTIME) if _has_clocks else time.time
"""Seconds since the epoch: the age of runs on disk."""
