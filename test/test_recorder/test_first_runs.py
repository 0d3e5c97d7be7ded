"""The first run of a program."""

import os
import subprocess
import sys


def test_start_of_the_first_run_imports_nothing(root):
    """Another thread may fork then: the child would wait forever for the lock of a module."""
    code = """
import sys
import gentrace
pipeline = gentrace.Pipeline("p")
before = set(sys.modules)
with pipeline.start() as run:
    with run.step("s", inputs={"a": 1}) as step:
        step.outputs = {"b": 1}
    run.discard()
print(sorted(set(sys.modules) - before))
"""
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", code],
        cwd=root,
        env=os.environ | {"GENTRACE_HOST": "http://127.0.0.1:9/api/v1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "[]\n"
