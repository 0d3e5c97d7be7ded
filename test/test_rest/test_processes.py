"""Forks, workers, threads, signals and the interpreter's end; see `processes` for what runs."""

import contextlib
import gc
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.effort import times
from support.peers import (
    Peer,
    authority_pem,
    close,
    echo,
    head_of,
    raw,
    refuser,
    reply,
    reset,
    send,
    server_tls,
)

from gentrace import ApiException

SCRIPT = Path(__file__).parents[1] / "support" / "processes.py"
PATIENCE = 120
# What Python 3.13 and later write when an interrupt leaves them half a file object of a socket.
HALF_A_FILE = re.compile(
    r"Exception ignored (?:in:|while finalizing file) <socket\.SocketIO .*>:?\n"
    r"Traceback .*\n(?:  .*\n)+AttributeError: .*'_sock'\n"
)


def run(*arguments, **environment):
    """The result of a function of `processes`; what it writes to standard error is an error."""
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-W", "ignore::DeprecationWarning", SCRIPT, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        # Not measured: coverage takes signals and memory in its own way.
        env={name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
        | environment,
    )
    assert (done.returncode, HALF_A_FILE.sub("", done.stderr)) == (0, "")
    first, *rest = done.stdout.splitlines()
    return json.loads(first) | {"later": rest} if rest else json.loads(first)


@pytest.mark.parametrize("tls", [False, True])
def test_fork_with_warm_connections(tls):
    """Every answer is its own request's, and the parent's connections outlive the children."""
    with Peer(tls=server_tls() if tls else None) as peer:
        result = run("fork", peer.url, 4, 100, TRUSTED=authority_pem())
        keys = [request["Idempotency-Key"] for request in peer.requests]
    assert result == {"own": True, "codes": [0, 0, 0, 0]}
    assert len(set(keys)) == len(keys) == 4 + 4 * 100 + 2 * 100
    by_parent = {r.connection for r in peer.requests if r["Idempotency-Key"].startswith("parent")}
    by_children = {r.connection for r in peer.requests if r["Idempotency-Key"].startswith("child")}
    assert by_parent <= {0, 1, 2, 3}
    assert not by_parent & by_children
    assert peer.connections == 4 + 4


def test_fork_in_the_middle_of_calls():
    with Peer() as peer:
        result = run("fork_while_busy", peer.url, 20)
    assert result == {"own": True, "codes": [0] * 20}


@pytest.mark.parametrize(
    ("module", "how"),
    [
        ("urllib3", "call"),
        ("urllib3.connectionpool", "call"),
        ("certifi", "over TLS"),
        ("encodings.idna", "call"),
        ("multiprocessing.pool", "at once"),
        ("multiprocessing.dummy", "at once"),
    ],
)
def test_fork_while_a_call_loads_a_module(module, how):
    """It waits until the module is whole: the child has nobody who would end loading it."""
    with Peer() as peer, refuser() as (name, port):
        # No handshake: a fork during one can leave OpenSSL's locks acquired in the child.
        url = f"https://{name}:{port}" if how == "over TLS" else peer.url
        done = subprocess.run(  # noqa: S603 - our own
            [
                *(sys.executable, "-W", "ignore::DeprecationWarning"),
                # From Python 3.14 on, a pool of threads that is not closed is warned about.
                *("-W", "ignore:resource_tracker:UserWarning"),
                *(SCRIPT.with_name("program_loading.py"), url, module, how),
            ],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert (done.stdout, done.stderr) == ("7\n", "")


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("how", ["pool", "executor"])
def test_client_is_sent_to_workers(method, how):
    with Peer() as peer:
        result = run("workers", peer.url, method, how, "keep")
    assert result == {"own": True, "tokens": ["sent-along"], "elsewhere": True}
    sent = {request["Authorization"] for request in peer.requests}
    assert sent == {"Bearer sent-along"}


def test_client_without_its_token_takes_the_workers_own():
    with Peer() as peer:
        result = run("workers", peer.url, "spawn", "pool", "drop", GENTRACE_API_KEY="of-worker")
    assert result == {"own": True, "tokens": ["of-worker"], "elsewhere": True}


def test_client_without_a_token_says_so_in_the_worker():
    """The exception comes back to the parent whole."""
    with Peer() as peer:
        result = run("workers", peer.url, "spawn", "executor", "drop")
        assert len(peer.requests) == 1
    assert result["error"].startswith("ApiValueError: access_token: ")
    assert "pickle_token" in result["error"]
    assert "GENTRACE_API_KEY" in result["error"]


def test_threads_share_a_bounded_pool(connect):
    """Every answer is its own, the pool keeps its bound, and no connection is thrown away."""
    with Peer() as peer, ThreadPoolExecutor(64) as threads:
        caller = connect(peer, connection_pool_maxsize=8, timeout=PATIENCE)

        def work(thread):
            keys = [f"{thread}-{n}" for n in range(20)]
            return [caller.post(idempotency_key=key).body["pipelineRunId"] for key in keys] == keys

        assert all(threads.map(work, range(64)))
        assert peer.open == peer.connections <= 8
    assert len(peer.requests) == 64 * 20


def test_waiting_threads_get_their_turn():
    """No thread waits for ever while others call again and again."""
    with Peer() as peer:
        counts = run("take_turns", peer.url, 4, 2, 1000)
    assert len(counts) == 4
    assert min(counts) > 50, counts


@pytest.mark.parametrize(
    ("kind", "count", "aside", "tls"),
    [
        ("KeyboardInterrupt", times(1000), "alone", False),
        ("KeyboardInterrupt", times(1000), "alone", True),
        ("Stop", times(150), "aside", False),
        ("TimeoutError", times(150), "alone", True),
        ("RuntimeError", times(150), "aside", True),
    ],
)
def test_interrupt_at_a_random_moment(kind, count, aside, tls):
    """It passes through; the next call, of this thread and of others, gets its own answer."""
    with Peer(tls=server_tls() if tls else None) as peer:
        result = run("interrupt", peer.url, kind, count, aside, TRUSTED=authority_pem())
    assert result["own"]
    assert result["interrupted"] == count
    assert result["lost"] == 0
    assert result["descriptors"] < 20


@pytest.mark.parametrize("when", ["atexit", "del"])
@pytest.mark.parametrize("is_warm", ["warm", "cold"])
def test_call_at_the_interpreters_end(when, is_warm):
    """It works or fails with an ApiException, and nothing is printed."""
    with Peer() as peer:
        result = run("at_exit", peer.url, when, is_warm)
    assert result["later"]
    for line in result["later"]:
        assert line in {"at exit", "at the end", "ApiException 0"}
    if when == "atexit":
        assert result["later"][0] == "at exit"


FAILING = [
    reply(500),
    reply(404),
    reply(302, headers={"Location": "https://other.example/"}),
    reply(200, b"no JSON"),
    reply(200, content_type="text/html"),
    reply(200, b"x" * 5_000_000),
    close,
    reset,
    raw(b"\0" * 100),
    raw(head_of(200, None, {"Content-Type": "application/json", "Content-Length": 9}) + b"{"),
]


UNHELD = {
    "refused": reply(400),
    "unavailable": reply(503, headers={"Retry-After": "70"}),
    "redirect": reply(302, headers={"Location": "https://other.example/"}),
    "no JSON": reply(200, b"{"),
    "too large": reply(200, b" " * 70_000),
    "cut short": raw(head_of(200, headers={"Content-Length": 50}) + b"{"),
    "two lengths": send(head_of(200, headers=[("Content-Length", n) for n in "56"]) + b"abcdef"),
    "closed": close,
}


@pytest.mark.parametrize("fault", UNHELD)
def test_failed_call_is_gone_when_its_exception_is(connect, fault):
    """At once, with its body, rather than when Python next looks for circles.

    Threads of the test may leave some of their own now and then; a call's would be there each time.
    """
    with Peer(UNHELD[fault]) as peer:
        caller = connect(peer, retries=0, max_response_body=1000)
        found = []
        gc.disable()
        try:
            for _ in range(6):
                with contextlib.suppress(ApiException):
                    caller.post()
                found.append(gc.collect())
        finally:
            gc.enable()
    assert 0 in found[1:]


def test_failing_calls_hold_nothing():
    """Descriptors, threads and objects are as many after two thousand calls as after one."""
    steps = [step for number in range(1000) for step in (echo, FAILING[number % len(FAILING)])]
    with Peer(*steps) as peer:
        result = run("fail_often", peer.url, 2000)
    assert result["failed"] == 1000
    (descriptors, threads, objects), after = result["held"]
    assert after[:2] == [descriptors, threads]
    assert threads == 2  # the main one and the watchdog
    assert after[2] - objects < 100
