"""The first use of a part of the package while another thread forks."""

import os
import subprocess
import sys

import pytest

CODE = """
import os, sys, threading, time
import gentrace

def record(step):
    with gentrace.Pipeline("p").start() as run:
        run.add_step_run(step)
        run.discard()

gentrace.Pipeline, gentrace.Delivery  # loaded before the fork
def use():
    {use}
thread = threading.Thread(target=use)
thread.start()
children = set()
for _ in range(10):
    child = os.fork()
    if not child:
        use()
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


@pytest.mark.parametrize(
    "use",
    [
        "record({})",
        'record({"start_time": "2020-01-01T00:00:00Z"})',
        "gentrace.Delivery(spool=sys.argv[1])",
    ],
    ids=["run", "date and time", "spool"],
)
def test_children_that_are_forked_during_a_first_use_do_not_hang(use, spool, root):
    """An import of another thread would hold the lock of a module, in the child for good."""
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", CODE.format(use=use), spool],
        cwd=root,
        env=os.environ | {"GENTRACE_HOST": "http://127.0.0.1:9/api/v1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("0\n", "")
