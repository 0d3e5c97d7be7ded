"""Connections: kept, bounded, shared between threads, and each serves one call at a time."""

import gc
import signal
import socket
import sys
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from support.caller import TOKEN
from support.peers import (
    Peer,
    close,
    echo,
    head_of,
    names,
    raw,
    reply,
    reset,
    send,
    server_tls,
    stall,
    then,
)
from support.waiting import wait_until
from urllib3 import HTTPConnectionPool

from gentrace import ApiClient, Configuration
from gentrace.exceptions import ApiTimeoutException
from gentrace.rest.slots import Slots
from gentrace.wakeup import Wakeup


def test_connection_is_kept_and_used_again(connect):
    with Peer() as peer:
        caller = connect(peer)
        for _ in range(5):
            assert caller.works()
    assert peer.connections == 1


@pytest.mark.parametrize("status", [400, 404, 500, 200])
def test_connection_is_kept_after_an_error(connect, status):
    with Peer(reply(status, b"no json"), echo) as peer:
        caller = connect(peer, retries=0)
        caller.fail()
        assert caller.works()
    assert peer.connections == 1


def test_nothing_is_opened_before_the_first_call(connect):
    with Peer() as peer:
        threads = set(threading.enumerate())
        caller = connect(peer)
        assert peer.connections == 0
        assert threads.issuperset(threading.enumerate())
        assert caller.works()


@pytest.mark.parametrize("field", ["close", "Close", "keep-alive, close"])
def test_connection_that_the_server_closes_is_not_kept(connect, field):
    with Peer(reply(200, headers={"Connection": field}), echo) as peer:
        caller = connect(peer, retries=0)
        assert caller.post()
        assert caller.works()
    assert peer.connections == 2


def test_connection_of_http_1_0_is_not_kept(connect):
    body = b'{"pipelineRunId": "run"}'
    head = b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\nContent-Length: 24\r\n\r\n"
    with Peer(send(head + body), echo) as peer:
        caller = connect(peer, retries=0)
        assert caller.post()
        assert caller.works()
    assert peer.connections == 2


@pytest.mark.parametrize(
    "spoil",
    [
        close,
        reset,
        send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"),
        send(b"garbage"),
        send(b"\r\n"),
    ],
    ids=["closed", "reset", "408", "garbage", "blank line"],
)
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_idle_connection_on_which_something_happened_is_not_used(connect, spoil, tls):
    answered, spoilt = threading.Event(), threading.Event()

    def answer(talk, request):
        echo(talk, request)
        assert answered.wait(20)
        try:
            spoil(talk, request)
        finally:
            spoilt.set()

    with Peer(answer, echo, tls=server_tls() if tls else None) as peer:
        caller = connect(peer, retries=0)
        assert caller.works()
        answered.set()
        assert spoilt.wait(20)
        if spoil in {close, reset}:
            peer.wait(lambda: peer.open == 0)
        assert caller.works()
    assert [request.connection for request in peer.requests] == [0, 1]


def test_connections_are_bounded_and_every_answer_is_its_own(connect):
    """64 threads, 100 calls each, 8 connections, none of which is thrown away."""
    with Peer() as peer:
        caller = connect(peer, connection_pool_maxsize=8, timeout=300)

        def call(thread):
            for nth in range(100):
                key = f"{thread}-{nth}"
                assert caller.post(idempotency_key=key).body["pipelineRunId"] == key

        with ThreadPoolExecutor(64) as threads:
            list(threads.map(call, range(64)))
    assert peer.connections <= 8
    assert len(peer.requests) == 6400


def test_threads_that_begin_at_once_share_the_connections(connect, monkeypatch):
    """The first calls of a client make what calls share once, however many threads make them."""
    meet = threading.Barrier(2)
    copy = Configuration.copy

    def copy_together(configuration):
        with suppress(threading.BrokenBarrierError):
            meet.wait(0.5)
        return copy(configuration)

    with Peer() as peer, ThreadPoolExecutor(2) as threads:
        caller = connect(peer, connection_pool_maxsize=1)
        monkeypatch.setattr(Configuration, "copy", copy_together)
        assert all(threads.map(lambda _: caller.works(), range(2)))
    assert peer.connections == 1


def test_call_waits_for_a_connection_that_another_gives_back(connect):
    release = threading.Event()

    def slow(talk, request):
        assert release.wait(20)
        echo(talk, request)

    with Peer(slow, echo) as peer, ThreadPoolExecutor(2) as threads:
        caller = connect(peer, connection_pool_maxsize=1)
        first = threads.submit(caller.works)
        peer.wait(lambda: len(peer.requests) == 1)
        second = threads.submit(caller.works)
        release.set()
        assert first.result(20)
        assert second.result(20)
    assert peer.connections == 1


def close_client(caller):
    caller.client.close()


def change_setting(caller):
    caller.configuration.connection_pool_maxsize = 2
    assert caller.works()


@pytest.mark.parametrize("end", [close_client, change_setting])
def test_calls_that_wait_for_a_connection_outlive_their_pool(connect, monkeypatch, end):
    """All of those that wait go on by the next pool, not only as many as it had connections."""
    entered, release = [], threading.Event()
    urlopen = HTTPConnectionPool.urlopen

    def enter(*arguments, **keywords):
        entered.append(None)
        return urlopen(*arguments, **keywords)

    def hold(talk, request):
        assert release.wait(20)
        echo(talk, request)

    with Peer(hold, echo) as peer, ThreadPoolExecutor(8) as threads:
        monkeypatch.setattr(HTTPConnectionPool, "urlopen", enter)
        caller = connect(peer, connection_pool_maxsize=1, timeout=10, retries=0)
        calls = [threads.submit(caller.post) for _ in range(8)]
        peer.wait(lambda: len(entered) == 8 and peer.requests)  # the first one is held
        end(caller)
        release.set()
        assert all(call.result().response.status == 200 for call in calls)


@pytest.mark.parametrize("fault", [reset, close, raw(b"garbage\r\n\r\n")])
def test_connection_that_broke_makes_room_for_another(connect, fault):
    with Peer(*[fault] * 5, echo) as peer:
        caller = connect(peer, connection_pool_maxsize=1, retries=0)
        for _ in range(5):
            caller.fail()
        assert caller.works()


def test_close_closes_what_is_idle_and_a_later_call_opens_anew(connect):
    with Peer() as peer:
        caller = connect(peer)
        assert caller.works()
        caller.client.close()
        peer.wait(lambda: peer.open == 0)
        assert caller.works()
    assert peer.connections == 2


def test_client_that_is_dropped_closes_its_connections(connect):
    with Peer() as peer:
        client = ApiClient(connect(peer).configuration)
        assert client.call_api("/runs", "GET").status == 200
        assert peer.open == 1
        del client
        gc.collect()
        peer.wait(lambda: peer.open == 0)


def test_origins_have_connections_of_their_own(connect):
    with Peer() as one, Peer() as two:
        caller = connect(one)
        assert caller.works()
        caller.configuration.host = two.url
        assert caller.works()
        caller.configuration.host = one.url
        assert caller.works()
    assert (len(one.requests), len(two.requests), two.connections) == (2, 1, 1)


def test_token_that_changes_acts_from_the_next_call_on_over_the_same_connection(connect):
    with Peer() as peer:
        caller = connect(peer)
        assert caller.works()
        caller.configuration.access_token = "rotated"  # noqa: S105 - of nobody
        assert caller.works()
        caller.configuration.access_token = None
        assert caller.works()
    sent = [request["Authorization"] for request in peer.requests]
    assert sent == [f"Bearer {TOKEN}", "Bearer rotated", None]
    assert peer.connections == 1


@pytest.mark.parametrize("given", [None, [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)], []])
def test_socket_options_are_set(connect, monkeypatch, given):
    done = []
    real = socket.socket.setsockopt

    def record(self, *option):
        done.append(option)
        return real(self, *option)

    with Peer() as peer:
        caller = connect(peer, socket_options=given)
        monkeypatch.setattr(socket.socket, "setsockopt", record)
        assert caller.works()
        monkeypatch.undo()
    no_delay = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    asked = [no_delay] if given is None else given
    assert [option for option in done if option in [*asked, no_delay]][: len(asked)] == asked


# A name.


def test_name_that_cannot_be_resolved_is_told(connect):
    unknown = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    with names({"nowhere.test": unknown}):
        error = connect("https://nowhere.test", retries=0).fail()
    assert (error.status, error.tries) == (0, 0)
    assert "nowhere.test" in str(error)
    assert "resolve" in str(error)


def test_timeout_of_the_pool_is_no_sign_of_the_server(connect):
    with Peer() as peer:
        caller = connect(peer, connection_pool_maxsize=1)
        with caller.raw():
            assert caller.fail(ApiTimeoutException, timeout=0.2).tries == 0
        assert len(peer.requests) == 1


# Interruptions and races: whoever waits for a connection loses none.


def test_an_interrupt_before_a_thread_waits_in_line_leaves_the_line_as_it_was(monkeypatch):
    class Line(deque):
        def append(self, _):
            raise KeyboardInterrupt

    monkeypatch.setattr("gentrace.rest.slots.deque", Line)
    slots = Slots(1)
    with pytest.raises(KeyboardInterrupt):
        slots.get(timeout=60)
    slots.put("a connection")
    assert slots.get(timeout=60) == "a connection"


def test_connections_that_are_returned_at_once_go_to_all_that_wait(monkeypatch):
    """Though all of them wake the first one."""
    entered = []
    wait = Wakeup.wait

    def enter(turn, seconds):
        entered.append(turn)
        wait(turn, seconds)

    monkeypatch.setattr(Wakeup, "wait", enter)
    slots = Slots(2)
    interval = sys.getswitchinterval()
    with ThreadPoolExecutor(2) as threads:
        taken = [threads.submit(slots.get, timeout=60) for _ in range(2)]
        wait_until(lambda: len(entered) == 2)
        sys.setswitchinterval(10)  # no thread wakes in between
        try:
            slots.put(None)
            slots.put(None)
        finally:
            sys.setswitchinterval(interval)
        assert [each.result(20) for each in taken] == [None, None]


class InterruptError(Exception):
    """What a signal handler raises."""


@pytest.fixture
def interrupt():
    """Raise in the main thread a little later, as a signal handler may."""

    def raise_it(*_):
        raise InterruptError

    def soon():
        signal.setitimer(signal.ITIMER_REAL, 0.2)

    old = signal.signal(signal.SIGALRM, raise_it)
    yield soon
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, old)


def test_call_that_is_interrupted_as_it_waits_for_the_pool_leaves_it_whole(connect, interrupt):
    with Peer() as peer:
        caller = connect(peer, connection_pool_maxsize=1)
        with caller.raw():
            interrupt()
            with pytest.raises(InterruptError):
                caller.post()
        assert caller.works()
        assert caller.works()
    assert (len(peer.requests), peer.connections) == (3, 2)


@pytest.mark.parametrize(
    "step",
    [stall, then(send(head_of(200, headers={"Content-Length": 9}) + b"half"), stall)],
    ids=["waiting", "body"],
)
def test_call_that_is_interrupted_as_it_waits_for_the_answer_is_in_nobodys_way(
    connect, interrupt, step
):
    with Peer(step, echo) as peer:
        caller = connect(peer, connection_pool_maxsize=1)
        interrupt()
        with pytest.raises(InterruptError):
            caller.post()
        peer.wait(lambda: peer.open == 0)
        assert caller.works()
    assert [request.connection for request in peer.requests] == [0, 1]
