"""What the server holds at once: bytes of bodies and connections; what it forgets meanwhile."""

import asyncio
import errno
import json
import logging
import resource
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from support.waiting import wait_until

import gentrace.local
from gentrace.local import byte_budget, connection_limit, ingestion, server
from gentrace.local.connection_limit import ConnectionLimit, accept, max_connections
from gentrace.local.storage_errors import StorageError
from gentrace.local.store import Store

MIB = 2**20


def test_the_bytes_of_all_bodies_together_are_bounded_and_that_is_said_once(
    connect, monkeypatch, caplog, read_all
):
    monkeypatch.setattr(ingestion, "MIN_BUDGET", 0)
    taken = []
    reserve = byte_budget.ByteBudget.reserve

    @contextmanager
    def note(budget):
        with reserve(budget) as hold:
            yield lambda size: (hold(size), taken.append(size))

    monkeypatch.setattr(byte_budget.ByteBudget, "reserve", note)
    with gentrace.local.serve(max_body=MIB) as running:
        client = connect(running.url)
        head = client.head("Content-Type: application/json", f"Content-Length: {MIB}")
        most = b" " * (MIB - 9)
        with client.raw(head, most) as one, client.raw(head, most) as other:
            wait_until(lambda: sum(taken) >= 2 * len(most))
            for _ in range(3):
                with client.raw(head, b" " * MIB) as third:
                    answer = read_all(third)
                assert answer.startswith(b"HTTP/1.1 503 ")
                assert b"retry-after: 1" in answer.lower()
            run = b'{"name":"n","stepRuns":[]}'
            assert client.post(run[:9] + run[9:]).status in {200, 503}
            for bare in (one, other):
                bare.sendall(b" " * 9)
                assert bare.recv(12) == b"HTTP/1.1 400"
        assert client.post().status == 200
    (said,) = [each for each in caplog.messages if "bytes of bodies are held" in each]
    assert f" and {2 * MIB} may be at once" in said


def test_a_body_that_is_refused_is_let_go_before_its_answer_has_gone(start, connect):
    """Clients that send on after their refusal hold no more than the budget together."""
    process, url = start("--max-body", str(16 * MIB))
    client = connect(url)
    before = peak(process)
    head = client.head("Content-Type: application/json", f"Content-Length: {16 * MIB}")
    with ExitStack() as stack:
        for _ in range(24):
            stack.enter_context(client.raw(head, b" " * (15 * MIB)))
        assert client.ask("GET", "/healthz").status == 200
        grown = peak(process) - before
    # The budget is 64 MiB.
    assert 48 < grown < 112


def peak(process):
    """Give the most memory that a process ever had, in MiB."""
    (line,) = [
        line
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines()
        if line.startswith("VmHWM:")
    ]
    return int(line.split()[1]) / 1024


def test_an_idle_connection_gives_way_and_a_busy_one_does_not(connect, monkeypatch, caplog):
    monkeypatch.setattr(connection_limit, "MAX_CONNECTIONS", 2)
    monkeypatch.setattr(connection_limit, "MIN_IDLE_TIME", 0.2)
    with gentrace.local.serve() as running:
        idle, busy = connect(running.url), connect(running.url)
        assert idle.ask("GET", "/healthz").status == 200
        head = busy.head("Content-Type: application/json", "Content-Length: 26")
        with busy.raw(head) as bare:
            late = connect(running.url)
            assert late.ask("GET", "/healthz").status == 200
            assert idle.connection.sock.recv(1) == b""
            bare.sendall(b'{"name":"n","stepRuns":[]}')
            assert bare.recv(12) == b"HTTP/1.1 200"
    said = [each for each in caplog.messages if "connections are in use" in each]
    assert said == ["all 2 connections are in use; further clients wait; this is said once"]


def test_a_client_waits_while_all_connections_are_busy(monkeypatch):
    monkeypatch.setattr(connection_limit, "POLL_INTERVAL", 0)

    async def use():
        limit, busy = ConnectionLimit(1), object()
        limit.add(busy)
        waiting = asyncio.create_task(limit.wait_for_slot())
        for _ in range(10):
            await asyncio.sleep(0)
        assert not waiting.done()
        limit.remove(busy)
        await waiting

    asyncio.run(use())


@pytest.mark.parametrize(
    ("limit", "size"),
    [(40, 8), (20, 4), (10_000, 1000), (resource.RLIM_INFINITY, 1000)],
)
def test_there_is_room_for_as_many_connections_as_there_are_descriptors(monkeypatch, limit, size):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))
    assert max_connections() == size


def test_a_system_without_such_limits_has_room_for_the_most(monkeypatch):
    monkeypatch.setitem(sys.modules, "resource", None)
    assert max_connections() == connection_limit.MAX_CONNECTIONS


def test_a_server_out_of_descriptors_says_so_once_and_goes_on(monkeypatch, caplog):
    monkeypatch.setattr(connection_limit, "POLL_INTERVAL", 0)

    class Listener:
        def setblocking(self, _flag):
            pass

    async def use():
        loop = asyncio.get_running_loop()
        failures = [errno.ECONNABORTED, errno.EMFILE, errno.EMFILE]

        async def fail(_listener):
            if not failures:
                raise asyncio.CancelledError
            code = failures.pop(0)
            raise OSError(code, errno.errorcode[code])

        monkeypatch.setattr(loop, "sock_accept", fail)
        with pytest.raises(asyncio.CancelledError):
            await accept(Listener(), ConnectionLimit(1), asyncio.Protocol)

    asyncio.run(use())
    assert caplog.messages == ["cannot take a client in: EMFILE; this is said once"]


@pytest.mark.parametrize("failures", [[], [StorageError("another process is writing")]])
def test_old_runs_are_forgotten_while_nothing_is_stored(connect, monkeypatch, failures):
    """Also if that failed before."""
    prune = Store.prune

    def fail(store):
        if failures:
            raise failures.pop()
        return prune(store)

    monkeypatch.setattr(server, "PRUNE_INTERVAL", 0.05)
    with gentrace.local.serve(keep=0.3) as running:
        monkeypatch.setattr(Store, "prune", fail)
        client = connect(running.url)
        assert client.post().status == 200
        end = time.monotonic() + 30
        while client.runs() and time.monotonic() < end:
            pass
        assert client.runs() == []


def test_a_stored_run_is_one_line_of_the_log_without_its_content(connect, caplog):
    caplog.set_level(logging.INFO, "gentrace.local")
    run = {"name": "a\nb" + "c" * 999, "stepRuns": [{"provider": {"inputs": {"q": "secret"}}}]}
    with gentrace.local.serve(max_runs=5) as running:
        client = connect(running.url)
        run_id = client.post(run, Idempotency_Key="k").json["pipelineRunId"]
        assert client.post(run, Idempotency_Key="k").status == 200
        assert client.post({}).status == 400
    (line,) = [each for each in caplog.messages if each.startswith("stored run")]
    assert line.startswith(f"stored run {run_id}: name 'a\\nbccc")
    assert line.endswith(f"ccc', 1 steps, {len(json.dumps(run))} bytes, duration unknown")
    assert "\n" not in line
    assert len(line) < 400
    assert "secret" not in caplog.text
