"""The circuit breaker of a delivery: it pauses sending while the server is in trouble.

::

               5 failures in a row, Retry-After,
               401, 403 or unusable settings            the pause ends: time, flush, new settings
    running ────────────────────────────────▶ paused ────────────────────────▶ probing
      ▲                                         ▲                               │    │
      │                                         └───────────────────────────────┘    │
      │                                            the probe fails                   │
      └──────────────────────────────────────────────────────────────────────────────┘
                                                   the probe succeeds

Other circuit breakers call these states closed, open and half-open. While it probes, one run at a
time is tried. Nothing here knows threads or reads a clock.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

FAILURES_TO_PAUSE = 5
"""How many failures in a row begin a pause."""

MAX_BACKOFF = 60.0
"""Seconds of the longest backoff."""

MAX_RETRY_AFTER = 300.0
"""For how many seconds at most a server may ask for a pause."""

LONG_OUTAGE = 60.0
"""After how many seconds with failures alone an outage is worth a warning."""

DENIED_PAUSE = 60.0
"""Seconds of a pause for an unusable token or setting, if these do not change."""


def max_backoff(failures: int) -> float:
    """Return the longest backoff after so many failures in a row: 1 s, doubling up to 60 s."""
    return min(MAX_BACKOFF, 2.0 ** min(failures - 1, 6))


class CircuitBreaker:
    """The states above.

    Args:
        draw: returns a random number of seconds from 0 to its argument, as jitter.

    """

    def __init__(self, draw: Callable[[float], float]) -> None:
        self._draw = draw
        self._failures = 0
        self._warn_at = inf
        self._paused_until: float | None = None
        self._retry_after_until = 0.0
        self._denied_settings: object = None
        self._denied_until = 0.0
        self._probe: object = None

    @property
    def is_paused(self) -> bool:
        """Whether it is paused or probing."""
        return self._paused_until is not None

    @property
    def waits_for_settings(self) -> bool:
        """Whether changed settings would end the pause."""
        return self._denied_settings is not None

    def wait(self, now: float, in_flight: int) -> float:
        """Return how many seconds to wait before a try: 0 for none, `inf` until another ends."""
        if self._paused_until is None:
            # After a failure, allow no more tries at once than failures are left until the pause:
            # in an outage, each of them is a useless request.
            is_allowed = self._failures == 0 or self._failures + in_flight < FAILURES_TO_PAUSE
            return 0 if is_allowed else inf
        if self._probe is not None:
            return inf
        return max(0.0, self._paused_until - now)

    def start(self, run: object) -> None:
        """Note that a run is tried; during a pause, it is the probe."""
        if self.is_paused:
            self._probe = run

    def succeed(self, run: object) -> None:
        """Note that the server took a run: only a probe ends the pause, none sent before it."""
        self._failures = 0
        if self._probe is run:
            self._paused_until = self._probe = self._denied_settings = None
            self._retry_after_until = 0.0

    def end_probe(self, run: object) -> bool:
        """Note that the try of a run ended without a success; tell whether it was the probe."""
        was_probe = self._probe is run
        if was_probe:
            self._probe = None
        return was_probe

    def fail(self, run: object, now: float, retry_after: float | None) -> bool:
        """Note a transient failure; tell, once an outage, whether it is worth a warning.

        `retry_after` is for how many seconds the server asked.
        """
        if self._failures == 0:
            self._warn_at = now + LONG_OUTAGE
        self._failures += 1
        was_probe = self.end_probe(run)
        if was_probe or (not self.is_paused and self._failures >= FAILURES_TO_PAUSE):
            self._pause(now + self._draw(max_backoff(self._failures)))
        if retry_after is not None:
            # Besides the backoff: the server may ask for 0 s each time.
            end = now + min(retry_after, MAX_RETRY_AFTER)
            self._retry_after_until = max(self._retry_after_until, end)
            self._pause(self._retry_after_until)
        if was_probe:
            self._denied_settings = None
        is_long = now >= self._warn_at
        if is_long:
            self._warn_at = inf
        return is_long

    def deny(self, run: object, now: float, settings: object) -> bool:
        """Note that the token or a setting is unusable; tell whether it is worth a warning.

        It is when a pause begins, unless a flush had ended one before it early.
        """
        if not self.end_probe(run) and self.is_paused:
            return False
        is_new = settings != self._denied_settings or now >= self._denied_until
        self._pause(now + DENIED_PAUSE)
        self._denied_settings = settings
        if is_new:
            self._denied_until = now + DENIED_PAUSE
        return is_new

    def check_settings(self, settings: object, now: float) -> None:
        """End a pause that waits for changed settings as `skip_backoff`, if these have changed."""
        if self._denied_settings is not None and self._denied_settings != settings:
            self._denied_settings = None
            self.skip_backoff(now)

    def skip_backoff(self, now: float) -> None:
        """End the pause now, or when the time is up for which the server asked."""
        if self._paused_until is not None:
            self._paused_until = min(self._paused_until, max(now, self._retry_after_until))

    def _pause(self, until: float) -> None:
        """Begin a pause, or prolong it."""
        self._paused_until = max(until, self._paused_until or 0.0)
