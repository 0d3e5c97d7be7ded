"""Whether a call is sent again, and when."""

from __future__ import annotations

import random
import threading
import time
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from urllib3.util import Retry

DEFAULT_RETRIES = 2
RETRIED_STATUSES = frozenset({408, 429, 500, 502, 503, 504})

MAX_RETRY_AFTER = 60
"""Seconds that a server may ask to wait; where it asks for more, the call ends."""


class Backoff(Retry):
    """urllib3's Retry with waits of full jitter, and no other status than those in its list."""

    RETRY_AFTER_STATUS_CODES: frozenset[int] = frozenset()
    retry_after_max = MAX_RETRY_AFTER

    def get_backoff_time(self) -> float:
        """Return seconds: from 0 to 0.5, doubled with each try up to 8."""
        return random.uniform(0, min(8.0, 0.5 * 2 ** (len(self.history) - 1)))  # noqa: S311 - no secret


def make_retry(setting: Any) -> Retry | None:
    """Return what says whether a call is sent again, None if it never is."""
    if isinstance(setting, Retry):
        return setting
    total = DEFAULT_RETRIES if setting is None else int(setting)
    if not total:
        return None
    retry = Backoff(total=total, status_forcelist=RETRIED_STATUSES, allowed_methods=None)
    retry.retry_after_max = MAX_RETRY_AFTER
    return retry


def find_wait(retry: Retry, asked: float | None) -> float | None:
    """Return the seconds until the next try; None if the server asks for more than is waited.

    Args:
        retry: what says whether a call is sent again, and counts this try already.
        asked: how many seconds the server asks for, None if it does not.

    """
    wait = retry.get_backoff_time()
    if asked is not None and retry.respect_retry_after_header:
        longest: float = getattr(retry, "retry_after_max", MAX_RETRY_AFTER)
        if asked > longest:
            return None
        if asked or isinstance(retry, Backoff):  # after 0, one of the caller's waits as urllib3's
            wait = min(longest, asked * random.uniform(1, 1.1))  # noqa: S311 - no secret
    return max(0.0, wait)  # of one of the caller's, it may be anything


class Quota:
    """How many retries a client has left: an outage is not made worse by retrying all calls.

    A retry costs 5 of 500, 10 after a time-out; a call that succeeds at once gives 1 back.
    """

    CAPACITY = 500
    RETRY_COST = 5
    TIMEOUT_COST = 10

    def __init__(self) -> None:
        self._left = self.CAPACITY
        self._lock = threading.RLock()

    def spend(self, cost: int) -> bool:
        """Take the cost of a retry; False if there is not enough left."""
        with self._lock:
            if self._left < cost:
                return False
            self._left -= cost
            return True

    def refill(self) -> None:
        """Give back 1."""
        if self._left < self.CAPACITY:
            with self._lock:
                self._left = min(self.CAPACITY, self._left + 1)


def parse_retry_after(headers: Any) -> float | None:
    """Return the seconds of `retry-after-ms` or `Retry-After`; None if absent or malformed."""
    milliseconds = headers.get("retry-after-ms", "")
    if milliseconds.isascii() and milliseconds.isdigit() and len(milliseconds) < _LONG_NUMBER:
        return int(milliseconds) / 1000
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value) if len(value) < _LONG_NUMBER else None
    try:
        date = parsedate_to_datetime(value)
        if date.tzinfo is None:  # as C's asctime writes it, which is UTC in HTTP
            date = date.replace(tzinfo=UTC)
        seconds = date.timestamp() - time.time()
    except (ValueError, OverflowError):
        return None
    return seconds if seconds > 0 else None


_LONG_NUMBER = 12
"""Digits from which on a number of seconds is a mistake."""
