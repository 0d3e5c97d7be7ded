"""How often a test tries what is random: moments, faults and values.

GENTRACE_TEST_EFFORT multiplies the number: 0.25 tries a quarter, 30 turns 300 kills into 9,000.
"""

import os

EFFORT = float(os.environ.get("GENTRACE_TEST_EFFORT", "1"))


def times(count):
    """Return how often to try what is tried so often by default; at least once."""
    return max(1, round(count * EFFORT))
