"""Runs that go nowhere for all of a program: it is off, or its configuration cannot be used."""

import os
import subprocess
import sys

import pytest

CODE = """
import gentrace
for _ in range(3):
    with gentrace.Pipeline("p").start() as run:
        pass
print(run.receipt.exception(5))
"""


def record(root, **environment):
    """What a program writes that records three runs, with no other variables of the package."""
    others = {name: text for name, text in os.environ.items() if not name.startswith("GENTRACE_")}
    return subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", CODE],
        cwd=root,
        env=others | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


@pytest.mark.parametrize(
    ("name", "value"), [("GENTRACE_HOST", "localhost:8371"), ("GENTRACE_API_KEY", "secret\n")]
)
def test_configuration_that_cannot_be_is_said_once_in_its_own_words(root, name, value):
    done = record(root, **{name: value})
    said = f"no run is recorded or sent: environment variable {name}: expected "
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == 1
    assert "secret" not in done.stderr
    assert "or the configuration cannot be used" in done.stdout


@pytest.mark.parametrize(
    ("environment", "remedy"),
    [({}, "set GENTRACE_API_KEY"), ({"GENTRACE_DISABLED": "1"}, "unset it")],
)
def test_that_it_is_off_is_said_once_with_the_remedy(root, environment, remedy):
    done = record(root, **environment)
    assert done.stderr.startswith("no run is recorded or sent: ")
    assert done.stderr.count("\n") == 1
    assert remedy in done.stderr
    assert "disabled" in done.stdout
