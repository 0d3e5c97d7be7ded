"""The server in a process of its own limits: its stack, its digits, its forks, its descriptors."""

from pathlib import Path

import pytest

import gentrace.local
from gentrace import ApiClient, Configuration
from gentrace.runs import RunsApi

START = """
import json, os, sys, threading, time
sys.path.insert(0, sys.argv[1])
from support.local_client import Client
import gentrace.local
"""
DEPTH = (
    START
    + """
{setting}
with gentrace.local.serve() as server:
    statuses = []
    for depth in (200_000, 501, 400):
        for body in ("[" * depth, '{{"a":' * depth, "[" * depth + "]" * depth):
            client = Client(server.url)
            reply = client.post(body)
            statuses.append((reply.status, reply.json["error"].partition(":")[0]))
            client.close()
    client = Client(server.url)
    deep = '{{"name": "n", "stepRuns": [], "x": ' + "[" * 499 + "]" * 499 + "}}"
    statuses.append(client.post(deep, Idempotency_Key="k").status)
    statuses.append(client.post(deep + " ", Idempotency_Key="k").status)
    client.close()
print(json.dumps(statuses))
"""
)
DIGITS = (
    START
    + """
sys.set_int_max_str_digits({limit})
long = "-" + "9" * 4300
with gentrace.local.serve() as server:
    client = Client(server.url)
    run = '{{"name": "n", "stepRuns": [{{"elapsedTime": %s}}], "x": [%s, 1%s]}}'
    begun = time.monotonic()
    seen = [
        client.post(run % (long, long, ".5"), Idempotency_Key="k").status,
        client.post(run % (long, long, ".50"), Idempotency_Key="k").status,
        client.post(run % (long, "9" * 4301, "")).status,
        client.post('{{"name": %s, "stepRuns": []}}' % long).status,
        client.post(run % (1, "9" * 1_500_000, "")).status,
        client.post(run % (1, "1", "e-" + "9" * 4000), Idempotency_Key="e").status,
        client.post(run % (1, "1 ", "e-" + "9" * 4000), Idempotency_Key="e").status,
    ]
    assert seen[0] == 400 or long in client.get().content.decode()
    assert time.monotonic() - begun < 10
    client.close()
print(json.dumps(seen))
"""
)
FORK = (
    START
    + """
leave = sys.argv[2]
with gentrace.local.serve() as server:
    client = Client(server.url)
    assert client.post().status == 200
    child = os.fork()
    if not child:
        client.connection.sock.detach()
        if leave == "with":
            server.__exit__(None, None, None)
        elif leave == "close":
            server.close()
        sys.exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert server.database.exists()
    assert client.post().status == 200
    assert len(client.runs()) == 2
    client.close()
assert not server.database.parent.exists()
"""
)
UNCLOSED = (
    START
    + """
server = gentrace.local.serve()
client = Client(server.url)
assert client.post().status == 200
client.close()
assert repr(server) == f"Server(url={server.url!r}, database={server.database!r})"
if sys.argv[2] == "close":
    server.close()
    server.close()
    assert not server.database.parent.exists()
print(server.database.parent)
"""
)
RESET = (
    START
    + """
import logging, socket, struct
logging.basicConfig(level=logging.WARNING)
with gentrace.local.serve() as server:
    client = Client(server.url)
    request = client.head(method="GET", path="/healthz")
    for sent in (b"", request, request[:9], request * 2) * 50:
        bare = socket.create_connection((client.host, client.port))
        bare.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        bare.sendall(sent)
        bare.close()
    assert client.post().status == 200
    client.close()
"""
)
DESCRIPTORS = (
    START
    + """
import logging, resource, socket
logging.basicConfig(level=logging.WARNING)
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
with gentrace.local.serve(database="runs.sqlite3") as server:
    pid = os.fork()
    if not pid:
        resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
        os.execv(sys.executable, [sys.executable, "-c", CROWD, server.url])
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
"""
)
CROWD = """
import socket, sys
from urllib.parse import urlsplit
url = urlsplit(sys.argv[1])
idle = [socket.create_connection((url.hostname, url.port)) for _ in range(30)]
with socket.create_connection((url.hostname, url.port), timeout=60) as late:
    late.sendall(b"GET /healthz HTTP/1.1\\r\\nHost: %s\\r\\n\\r\\n" % url.netloc.encode())
    assert late.recv(12) == b"HTTP/1.1 200"
"""
LAST_RUNS = (
    START
    + """
import logging
import gentrace
logging.basicConfig(level=logging.WARNING)
server = gentrace.local.serve(database=sys.argv[2])
client = gentrace.ApiClient(gentrace.Configuration(host=server.url))
delivery = gentrace.Delivery(client)
for _ in range(20):
    delivery.submit({"name": "n", "stepRuns": []})
"""
)
INTERRUPTED = (
    START
    + """
import signal
def strike(*_):
    raise KeyboardInterrupt
gentrace.local.serve().close()
signal.signal(signal.SIGALRM, strike)
for moment in range(40):
    signal.setitimer(signal.ITIMER_REAL, 0.0005 + 0.0004 * moment)
    try:
        server = gentrace.local.serve()
        signal.setitimer(signal.ITIMER_REAL, 0)
        server.close()
    except (KeyboardInterrupt, RuntimeError):  # of Thread.start, interrupted
        pass
signal.signal(signal.SIGALRM, signal.SIG_IGN)
"""
)
HERE = str(Path(__file__).parents[1])


@pytest.fixture
def run_code(finish):
    def run(code, *arguments):
        status, output, errors = finish(HERE, *arguments, code=code)
        assert status == 0, errors
        return output, errors

    return run


@pytest.mark.parametrize(
    "setting",
    [
        "sys.setrecursionlimit(10**6)",
        # Python 3.14 takes no smaller one than 53,248 bytes.
        "threading.stack_size(32768 if sys.version_info < (3, 14) else 53248)",
        "threading.stack_size(65536); sys.setrecursionlimit(10**6)",
    ],
)
def test_depth_is_counted_and_never_left_to_the_stack(run_code, setting):
    """200,000 brackets ended the process."""
    output, errors = run_code(DEPTH.format(setting=setting))
    deep = '[400, "the body is nested deeper than 500 levels"]'
    not_closed = '[400, "the body is not JSON"]'
    expected = [deep] * 6 + [not_closed] * 2 + ['[400, "[[[', "200", "200"]
    assert output.startswith("[" + ", ".join(expected[:8]))
    assert output.endswith("200, 200]\n")
    assert errors == ""


@pytest.mark.parametrize(("limit", "status"), [(640, 400), (4300, 200), (0, 200)])
def test_digits_are_counted_and_an_integer_beyond_the_limit_of_the_process_is_refused(
    run_code, limit, status
):
    output, errors = run_code(DIGITS.format(limit=limit))
    assert output == f"[{status}, {status}, 400, 400, 400, 200, 200]\n"
    assert errors == ""


@pytest.mark.parametrize("leave", ["with", "close", "exit"])
def test_a_forked_child_does_not_end_the_server_of_its_parent(run_code, leave):
    run_code(FORK, leave)


@pytest.mark.parametrize("how", ["close", "leave"])
def test_a_server_without_a_block_ends_when_it_is_closed_or_with_the_program(
    run_code, how, tmp_path
):
    output, errors = run_code(UNCLOSED, how)
    assert not tmp_path.joinpath(output.strip()).exists()
    assert errors == ""


def test_what_is_sent_at_the_end_of_the_program_is_stored(run_code, tmp_path):
    """The server of a program outlives its deliveries."""
    database = tmp_path / "runs.sqlite3"
    assert run_code(LAST_RUNS, str(database)) == ("", "")
    with (
        gentrace.local.serve(database=database) as server,
        ApiClient(Configuration(server.url)) as client,
    ):
        assert len(list(RunsApi(client).runs_iterate())) == 20


def test_an_interrupt_while_it_starts_leaves_a_program_that_ends(run_code):
    run_code(INTERRUPTED)


def test_clients_that_reset_their_connections_leave_no_line_in_the_log(run_code):
    output, errors = run_code(RESET)
    assert (output, errors) == ("", "")


def test_a_crowd_of_idle_clients_is_bounded_and_said_once(run_code):
    """At `ulimit -n 40`, 100 of them filled a log with 15 MB in seconds."""
    code = DESCRIPTORS.replace("CROWD", repr(CROWD))
    _, errors = run_code(code)
    assert errors.count("connections are in use; further clients wait") == 1
    assert errors.count("\n") <= 2
