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


def test_children_that_are_forked_while_a_thread_adds_a_step_do_not_hang(root):
    """The time of the first one loads a package, which they need too."""
    code = """
import os, threading, time
import gentrace
run = gentrace.Pipeline("p").start()
def add():
    run.add_step_run({"start_time": "2020-01-01T00:00:00Z"})
thread = threading.Thread(target=add)
thread.start()
children = set()
for _ in range(10):
    child = os.fork()
    if not child:
        run = gentrace.Pipeline("p").start()
        add()
        os._exit(0)
    children.add(child)
    time.sleep(0.001)
thread.join()
run.discard()
end = time.monotonic() + 10
while children and time.monotonic() < end:
    children -= {child for child in children if os.waitpid(child, os.WNOHANG)[0]}
    time.sleep(0.01)
for child in children:
    os.kill(child, 9)
print(len(children))
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
    assert done.stdout == "0\n"
