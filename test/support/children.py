"""Children that a test's program forks."""

import os
import signal
import time


def wait_for(child, patience=60):
    """The exit code of a child, or None if it hangs for so many seconds."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None
