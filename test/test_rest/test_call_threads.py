"""Threads of calls that return at once, where a program or its child ends."""

import subprocess
import sys

from support.peers import Peer

START = """
import atexit, os, sys
later = []
atexit.register(lambda: [function() for function in later])  # after what the package registers

from gentrace import ApiClient, ApiException, Configuration

client = ApiClient(Configuration(sys.argv[1]))

def begin():
    return client.call_api("/runs", "POST", body="{}", async_req=True)
"""

FIRST_AT_THE_END = """
def refused():
    try:
        begin()
    except ApiException as error:
        print(error)

later.append(refused)
"""

CHILD_ENDS = """
begin().get()
if os.fork() == 0:
    sys.exit()
print(os.wait()[1], begin().get().status)
"""


def run(program, peer):
    """What a program prints; what it writes to standard error is an error."""
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", START + program, peer.url],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_first_call_in_a_thread_as_the_interpreter_ends_is_refused_with_the_remedy():
    with Peer() as peer:
        words = run(FIRST_AT_THE_END, peer)
        assert "the interpreter is ending" in words
        assert "without async_req" in words
    assert not peer.requests


def test_child_waits_for_none_of_its_parents_threads():
    """It has none of them; the parent's go on."""
    with Peer() as peer:
        assert run(CHILD_ENDS, peer) == "0 200\n"
