"""How a server ends: what it waits for, and for how long."""

import asyncio
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import gentrace.local
from gentrace.local import checks, http_server
from gentrace.local.reading import Reader

LARGE = {"name": "large", "stepRuns": [], "x": "x" * 16_000_000}


def test_a_check_that_takes_long_does_not_hold_the_end_up(tmp_path, connect, monkeypatch):
    parse, parsed, path = checks.parse, threading.Event(), tmp_path / "runs.sqlite3"

    def watched(*args):
        run = parse(*args)
        parsed.set()
        return run

    monkeypatch.setattr(checks, "parse", watched)
    monkeypatch.setattr(http_server, "GRACE", 0.05)
    with ThreadPoolExecutor(1) as pool:
        with gentrace.local.serve(database=path) as running:
            body = {"name": "n", "stepRuns": [{}] * 500_000}
            reply = pool.submit(connect(running.url).post, body)
            assert parsed.wait(60)
        assert reply.result().status == 503
    with gentrace.local.serve(database=path) as running:
        assert connect(running.url).runs() == []


def test_a_request_that_goes_on_after_it_was_cancelled_does_not_hold_the_end_up(
    connect, monkeypatch
):
    reached = threading.Event()

    def stubborn(_):
        async def answer(*_):
            reached.set()
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(3600)
            await asyncio.sleep(3600)

        return answer

    monkeypatch.setattr(http_server, "GRACE", 0.05)
    running = gentrace.local.serve(middleware=stubborn)
    client = connect(running.url)
    with client.raw(client.head(method="GET", path="/api/v1/pipelines")):
        assert reached.wait(20)
        ending = threading.Thread(target=running.close, daemon=True)
        ending.start()
        ending.join(20)
        assert not ending.is_alive()


def test_signal_handlers_are_put_back_after_it_ran_in_the_foreground():
    numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    before = [signal.getsignal(number) for number in numbers]
    gentrace.local.run(gentrace.local.Settings(), lambda _: signal.raise_signal(signal.SIGTERM))
    assert [signal.getsignal(number) for number in numbers] == before


def test_it_goes_on_after_a_signal_that_nohup_has_ignored():
    def hang_up_and_end(_):
        signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        signal.raise_signal(signal.SIGTERM)

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        gentrace.local.run(gentrace.local.Settings(), hang_up_and_end)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_an_answer_that_nobody_takes_in_does_not_hold_the_end_up(
    connect, monkeypatch, read_all, caplog
):
    """Nor is all of it read into memory."""
    read, texts = [], Reader.texts

    def watched(*args):
        read.append(args)
        return texts(*args)

    monkeypatch.setattr(Reader, "texts", watched)
    monkeypatch.setattr(http_server, "GRACE", 1)
    begun = time.monotonic()
    with gentrace.local.serve() as running:
        client = connect(running.url)
        for _ in range(4):
            client.post(LARGE)
        bare = socket.create_connection((client.host, client.port), timeout=30)
        bare.sendall(client.head(method="GET", path="/api/v1/pipeline-runs"))
        # So much that more is on its way, which nobody takes in.
        taken = 0
        while taken < 2**20:
            taken += len(bare.recv(65536))
    with bare:
        assert len(read_all(bare)) < 2 * len(LARGE["x"])
    assert time.monotonic() - begun < 20
    assert len(read) < 4
    assert not [message for message in caplog.messages if message.startswith("Exception")]
