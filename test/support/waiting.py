"""Waiting in a test, for as long as it takes and no longer than a bound."""

import time

PATIENCE = 20
"""Seconds until a wait counts as in vain."""


def wait_until(condition):
    """Look at a condition again and again until it is true."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never became true"
        time.sleep(0.001)
