"""Retries: which statuses, how long to wait, and the quota of a client."""

from __future__ import annotations

import threading
import time
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

from urllib3.util import Retry

from gentrace.system_random import system_random

DEFAULT_RETRIES = 2
RETRIED_STATUSES = frozenset({408, 429, 500, 502, 503, 504})

FIRST_BACKOFF = 0.5
"""Seconds: the bound of the wait before the first retry; it doubles with each."""

MAX_BACKOFF = 8.0
"""Seconds of the longest backoff."""

MAX_RETRY_AFTER = 60
"""Seconds: the longest Retry-After that is waited for; a longer one ends the call."""


class Backoff(Retry):
    """urllib3's Retry with exponential backoff and full jitter.

    It retries the statuses of `status_forcelist` alone, whether they have a Retry-After or not.
    """

    RETRY_AFTER_STATUS_CODES: frozenset[int] = frozenset()

    def get_backoff_time(self) -> float:
        """Return random seconds, from 0 to a bound that doubles with each retry."""
        bound = FIRST_BACKOFF * 2 ** (len(self.history) - 1)
        return system_random.uniform(0, min(MAX_BACKOFF, bound))


def make_retry(setting: Any) -> Retry | None:
    """Return the retry policy of a setting; None if calls are never retried."""
    if isinstance(setting, Retry):
        return setting
    total = DEFAULT_RETRIES if setting is None else int(setting)
    return _make_backoff(total) if total else None


@lru_cache(maxsize=16)
def _make_backoff(total: int) -> Backoff:
    """Return the policy of so many retries; cached, as every call needs it."""
    return Backoff(
        total=total,
        status_forcelist=RETRIED_STATUSES,
        allowed_methods=None,
        retry_after_max=MAX_RETRY_AFTER,
    )


def find_wait(retry: Retry, asked: float | None) -> float | None:
    """Return the seconds until the retry; None if the server asks for more than is waited.

    Args:
        retry: the policy, after its `increment` for this retry.
        asked: how many seconds the server asks to wait, None if it does not ask.

    """
    wait = retry.get_backoff_time()
    if asked is not None and retry.respect_retry_after_header:
        longest: float = retry.retry_after_max
        if asked > longest:
            return None
        if asked or isinstance(retry, Backoff):  # urllib3's Retry backs off after a 0
            wait = min(longest, system_random.uniform(asked, asked * 1.1))
    return max(0.0, wait)  # a caller's Retry may return a negative number


class Quota:
    """A token bucket that limits the retries of a client, so that they do not worsen an outage.

    A retry costs 5 of 500, 10 after a time-out; a call that succeeds at its first try adds 1.
    """

    CAPACITY = 500
    RETRY_COST = 5
    TIMEOUT_COST = 10

    def __init__(self) -> None:
        self._left = self.CAPACITY
        self._lock = threading.RLock()

    def spend(self, cost: int) -> bool:
        """Take the cost of a retry; return False if too little is left."""
        with self._lock:
            if self._left < cost:
                return False
            self._left -= cost
            return True

    def refill(self) -> None:
        """Add 1, up to the capacity."""
        if self._left < self.CAPACITY:
            with self._lock:
                self._left = min(self.CAPACITY, self._left + 1)


def parse_retry_after(headers: Any) -> float | None:
    """Return the seconds of `retry-after-ms` or `Retry-After`; None if absent or malformed."""
    milliseconds = headers.get("retry-after-ms", "")
    if milliseconds.isascii() and milliseconds.isdigit():
        return min(float(milliseconds) / 1000, _LONGEST_ASKED)
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value), _LONGEST_ASKED)
    try:
        date = parsedate_to_datetime(value)
        if date.tzinfo is None:  # the asctime form, which HTTP defines as UTC
            date = date.replace(tzinfo=UTC)
        seconds = date.timestamp() - time.time()
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, seconds), _LONGEST_ASKED)


_LONGEST_ASKED = 1e9
"""Seconds, some 30 years: a server that asks for more counts as asking for this."""
