"""The first run of a program that forks meanwhile."""

import os
import subprocess
import sys

import pytest

CODE = """
import os, threading, time
import gentrace
gentrace.Pipeline  # loaded before the fork
def record():
    with gentrace.Pipeline("p").start() as run:
        run.add_step_run({step})
        run.discard()
thread = threading.Thread(target=record)
thread.start()
children = set()
for _ in range(10):
    child = os.fork()
    if not child:
        record()
        os._exit(0)
    children.add(child)
    time.sleep(0.001)
thread.join()
end = time.monotonic() + 10
while children and time.monotonic() < end:
    children -= {{child for child in children if os.waitpid(child, os.WNOHANG)[0]}}
    time.sleep(0.01)
for child in children:
    os.kill(child, 9)
print(len(children))
"""


@pytest.mark.parametrize("step", ["{}", '{"start_time": "2020-01-01T00:00:00Z"}'])
def test_children_that_are_forked_during_the_first_run_do_not_hang(step, root):
    """An import of another thread would hold the lock of a module, in the child for good."""
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", CODE.format(step=step)],
        cwd=root,
        env=os.environ | {"GENTRACE_HOST": "http://127.0.0.1:9/api/v1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "0\n"
