"""Faults of interpreters, for which tests are skipped."""

import sys

import pytest

interrupts_leave_no_lock = pytest.mark.skipif(
    sys.version_info[:2] == (3, 14),
    reason="an interrupt may leave the lock of a with statement acquired: python/cpython#148874",
)
