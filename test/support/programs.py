"""Runs programs in fresh interpreters."""

import json
import os
import subprocess
import sys
from pathlib import Path

PROGRAMS = Path(__file__).with_name("delivery_programs.py")
PATIENCE = 120

UNMEASURED = {"COVERAGE_PROCESS_CONFIG": ""}
"""The environment of a program that coverage does not measure.

Such as one of signal handlers and finalizers: they may come while coverage holds its own lock,
which a thread that they wait for waits for then.
"""


def run_program(*arguments, before=(), interpreter=sys.executable, **environment):
    """What a function of `delivery_programs` returned; nothing may be on its standard error."""
    done = subprocess.run(  # noqa: S603 - our own
        # From Python 3.12 on it warns of each fork of a process with threads.
        [
            interpreter,
            "-W",
            "ignore:This process:DeprecationWarning",
            *before,
            PROGRAMS,
            *map(str, arguments),
        ],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0
    return json.loads(done.stdout)
