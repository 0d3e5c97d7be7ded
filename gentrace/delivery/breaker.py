"""When a delivery may try, and when it waits because the server is in trouble.

::

            5 failures in a row, Retry-After,
            401, 403 or unusable settings            the time is up, or flush, or new settings
    open ────────────────────────────────▶ paused ────────────────────────▶ probing
      ▲                                      ▲                               │    │
      │                                      └───────────────────────────────┘    │
      │                                         the probe fails                   │
      └───────────────────────────────────────────────────────────────────────────┘
                                                the probe succeeds

While it probes, one run at a time is tried. Nothing here knows threads or asks a clock.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FAILURES_TO_PAUSE = 5
LONGEST_WAIT = 60.0
LONGEST_ASKED = 300.0
DENIED_WAIT = 60.0


def most_wait(failures: int) -> float:
    """Return the longest wait after so many failures in a row: 1 s, doubling up to 60 s."""
    return min(LONGEST_WAIT, 2.0 ** min(failures - 1, 6))


class Pauses:
    """The state above.

    Args:
        draw: draws a wait from 0 to its argument, in seconds.

    """

    def __init__(self, draw: Callable[[float], float]) -> None:
        self._draw = draw
        self._failures = 0
        self._until: float | None = None
        self._asked_until = 0.0
        self._settings: object = None
        self._probe: object = None

    @property
    def is_open(self) -> bool:
        """Whether runs are tried as they come."""
        return self._until is None

    @property
    def waits_for_settings(self) -> bool:
        """Whether other settings would end the pause."""
        return self._settings is not None

    def wait(self, now: float, in_flight: int) -> float:
        """Return how many seconds to wait before a try: 0 for none, `inf` until another ends."""
        if self._until is None:
            # No more at once than failures that are left until the pause: in an outage, each of
            # them is a request in vain.
            may = self._failures == 0 or self._failures + in_flight < FAILURES_TO_PAUSE
            return 0 if may else inf
        if self._probe is not None:
            return inf
        return max(0.0, self._until - now)

    def start(self, run: object) -> None:
        """Note that a run is tried."""
        if self._until is not None:
            self._probe = run

    def succeed(self, run: object) -> None:
        """Note that the server took a run: of those sent before a pause, none ends it."""
        self._failures = 0
        if self._probe is run:
            self._open()

    def pass_by(self, run: object) -> None:
        """Note that the server refused a run: it works, but what it does with others is open."""
        if self._probe is run:
            self._probe = None

    def fail(self, run: object, now: float, asked: float | None) -> None:
        """Note a failure that may pass; `asked` is how many seconds the server wants to have."""
        self._failures += 1
        was_probe = self._probe is run and self._probe is not None
        if was_probe:
            self._probe = None
        ends = []
        if asked is not None:
            self._asked_until = max(self._asked_until, now + min(asked, LONGEST_ASKED))
            ends = [self._asked_until, self._until or 0.0]
        if was_probe or (self._until is None and self._failures >= FAILURES_TO_PAUSE):
            # Also where the server asks for less: it may ask for nothing each time.
            ends.append(now + self._draw(most_wait(self._failures)))
        if ends:
            self._pause(max(ends))

    def deny(self, run: object, now: float, settings: object) -> bool:
        """Note that token or settings are no good; tell whether a pause begins with it."""
        was_probe = self._probe is run and self._probe is not None
        if was_probe:
            self._probe = None
        if not was_probe and self._until is not None:
            return False
        self._pause(now + DENIED_WAIT)
        self._settings = settings
        return True

    def see_settings(self, settings: object, now: float) -> None:
        """End a pause that waits for other settings, if these are."""
        if self._settings is not None and self._settings != settings:
            self._settings = None
            self._until = now

    def hurry(self, now: float) -> None:
        """End the waiting, unless the server asked for it."""
        if self._until is not None:
            self._until = min(self._until, max(now, self._asked_until))

    def _pause(self, until: float) -> None:
        self._until = until
        self._settings = None

    def _open(self) -> None:
        self._until = self._probe = self._settings = None
        self._asked_until = 0.0
