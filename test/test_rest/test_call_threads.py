"""Threads of calls that return at once, where a program or its child ends."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.pool import ThreadPool

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


def test_threads_that_begin_at_once_share_their_pool(connect, monkeypatch):
    made = []
    meet = threading.Barrier(2)

    def make_together(size):
        made.append(ThreadPool(size))
        with suppress(threading.BrokenBarrierError):
            meet.wait(0.5)
        return made[-1]

    def begin(client):
        return client.call_api("/runs", "POST", body="{}", async_req=True).get().status

    with Peer() as peer, ThreadPoolExecutor(2) as threads:
        client = connect(peer).client
        assert begin(client) == 200
        client.close()
        monkeypatch.setattr("gentrace.rest.threads.ThreadPool", make_together)
        assert list(threads.map(begin, [client] * 2)) == [200, 200]
    assert len(made) == 1


def test_clients_leave_nothing_to_do_for_the_end_of_the_process(connect, monkeypatch):
    told = []
    monkeypatch.setattr("gentrace.rest.threads.Finalize", lambda *_, **__: told.append(1))
    with Peer() as peer:
        for _ in range(3):
            with connect(peer).client as client:
                client.call_api("/runs", "POST", body="{}", async_req=True).get()
    assert len(told) <= 1


def test_child_waits_for_none_of_its_parents_threads():
    """It has none of them; the parent's go on."""
    with Peer() as peer:
        assert run(CHILD_ENDS, peer) == "0 200\n"
