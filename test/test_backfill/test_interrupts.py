"""Ctrl-C while lines are sent."""

from support.effort import times
from support.programs import run_program

import gentrace.testing


def test_interrupt_at_any_moment_ends_the_call():
    """Also in the middle of handing a line to a worker, or of waiting for one."""
    tries = times(100)
    with gentrace.testing.serve() as server:
        left = run_program("interrupt_sending", server.url, tries)
    assert left > 0.9 * tries
