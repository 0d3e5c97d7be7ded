"""The first delivery with a spool in a process that forks."""

import subprocess
import sys
import textwrap

CODE = textwrap.dedent("""
    import os, sys, threading, time
    import gentrace

    thread = threading.Thread(target=lambda: gentrace.Delivery(spool=sys.argv[1]))
    gentrace.Delivery  # loaded before the fork
    thread.start()
    children = set()
    for _ in range(10):
        child = os.fork()
        if not child:
            gentrace.Delivery(spool=sys.argv[1])
            os._exit(0)
        children.add(child)
        time.sleep(0.001)
    thread.join()
    end = time.monotonic() + 10
    while children and time.monotonic() < end:
        children -= {child for child in children if os.waitpid(child, os.WNOHANG)[0]}
        time.sleep(0.01)
    for child in children:
        os.kill(child, 9)
    print(len(children))
""")


def test_children_that_are_forked_while_a_spool_is_loaded_do_not_hang(spool):
    """In a thread that they do not have, and that would hold the lock of a module for good."""
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", CODE, spool],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("0\n", "")
