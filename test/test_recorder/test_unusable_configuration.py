"""A run whose delivery's configuration cannot be used."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("name", "value"), [("GENTRACE_HOST", "localhost:8371"), ("GENTRACE_API_KEY", "secret\n")]
)
def test_configuration_that_cannot_be_is_said_once_in_its_own_words(root, name, value):
    code = """
import gentrace
for _ in range(3):
    with gentrace.Pipeline("p").start() as run:
        pass
print(run.receipt.exception(5))
"""
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", code],
        cwd=root,
        env=os.environ | {name: value},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    said = f"no run is recorded or sent: environment variable {name}: expected "
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == 1
    assert "secret" not in done.stderr
    assert "or the configuration cannot be used" in done.stdout
