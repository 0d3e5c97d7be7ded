"""How many connections are kept, to how many origins, and what becomes of them."""

import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import LifoQueue
from weakref import ref

import pytest
import urllib3
from support.peers import Peer, echo, proxy, send, stall, then

from gentrace import Configuration
from gentrace.rest.routes import MAX_ROUTES, Routes

HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"


def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def test_idle_connections_are_kept_to_few_origins(connect):
    """300 origins keep no 300 sockets."""
    with Peer() as peer:
        caller = connect(peer)
        before = descriptors()
        for number in range(300):
            host = f"http://127.0.{number // 250}.{1 + number % 250}:{peer.address[1]}"
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("socket.getaddrinfo", lambda *_, **__: [(2, 1, 6, "", peer.address)])
                assert caller.client.call_api("/runs", "POST", host=host).status == 200
        gc.collect()
        peer.wait(lambda: peer.open <= MAX_ROUTES)
        assert descriptors() - before <= 3 * MAX_ROUTES  # both ends are ours
        assert caller.works()


def test_package_that_replaces_urllib3_is_named(connect, monkeypatch):
    """As urllib3-future does, whose pools have a queue of their own."""

    class Pool(urllib3.HTTPConnectionPool):
        def __init__(self, *args, **keywords):
            super().__init__(*args, **keywords)
            self.pool = LifoQueue()

    monkeypatch.setitem(urllib3.poolmanager.pool_classes_by_scheme, "http", Pool)
    with Peer() as peer:
        assert "urllib3-future" in str(connect(peer).fail())
        assert not peer.requests


def test_origin_in_use_keeps_its_connection(connect):
    """The one that is closed for another is the one used longest ago."""
    with Peer() as peer, ExitStack() as stack:
        others = [stack.enter_context(Peer()) for _ in range(MAX_ROUTES + 4)]
        caller = connect(peer)
        for other in others:
            assert caller.works()
            assert caller.client.call_api("/runs", "GET", host=other.url).status == 200
    assert peer.connections == 1


def test_configuration_that_was_replaced_is_forgotten(connect):
    """Although its connections serve the next one."""
    with Peer() as peer:
        caller = connect(peer)
        caller.client.configuration = Configuration(peer.url, "some-token")
        assert caller.works()
        before = ref(caller.client.configuration)
        caller.client.configuration = Configuration(peer.url, "another-token")
        assert caller.works()
        gc.collect()
        assert before() is None
    assert peer.connections == 1


def test_configuration_that_equals_another_one_is_not_taken_for_it(connect):
    class Team(Configuration):
        def __eq__(self, other):
            return True

        __hash__ = None

    with Peer() as peer, Peer(proxy()) as relay:
        caller = connect(peer)
        for settings in ({"proxy": ""}, {"proxy": relay.url.removesuffix("/api/v1")}):
            caller.client.configuration = Team(peer.url, "some-token", **settings)
            assert caller.works()
    assert (len(peer.requests), len(relay.requests)) == (2, 1)


def test_connections_that_another_thread_has_just_made_anew_are_kept(connect, monkeypatch):
    """The thread that waited for it finds that they match."""
    matches, seen = Routes.matches, []

    def matches_later(routes, configuration):
        seen.append(routes)
        return len(seen) != 2 and matches(routes, configuration)

    monkeypatch.setattr(Routes, "matches", matches_later)
    with Peer() as peer:
        caller = connect(peer)
        assert caller.works()
        assert caller.works()
    assert (peer.connections, len(set(map(id, seen)))) == (1, 1)
    assert len(seen) > 2


def test_stream_outlives_the_place_of_its_origin(connect):
    held = threading.Event()

    def slow(talk, _):
        talk.send(HALF)
        assert held.wait(20)
        talk.send(b"-done")

    with Peer(slow) as peer, ExitStack() as stack:
        others = [stack.enter_context(Peer()) for _ in range(MAX_ROUTES)]
        caller = connect(peer)
        response = caller.raw()
        for other in others:
            assert caller.client.call_api("/runs", "GET", host=other.url).status == 200
        held.set()
        assert response.read() == b"half-done"
        peer.wait(lambda: peer.open == 0)


def test_setting_that_changes_lets_calls_under_way_end(connect):
    """Those that wait for a connection get one too."""
    go = threading.Event()

    def slow(talk, request):
        assert go.wait(20)
        echo(talk, request)

    with Peer(slow) as peer, ThreadPoolExecutor(3) as threads:
        caller = connect(peer, connection_pool_maxsize=1)
        calls = [threads.submit(caller.works) for _ in range(3)]
        peer.wait(lambda: len(peer.requests) == 1)
        caller.configuration.socket_options = []
        other = threads.submit(caller.works)
        go.set()
        assert all(call.result(20) for call in [*calls, other])


def test_call_whose_connections_are_closed_before_it_has_one_takes_others(connect, monkeypatch):
    """As where they make room for another origin's at that moment."""
    closed = []

    with Peer() as peer:
        caller = connect(peer)
        send = urllib3.HTTPConnectionPool.urlopen

        def send_late(pool, *arguments, **keywords):
            if not closed:
                closed.append(pool)
                caller.client.close()
            return send(pool, *arguments, **keywords)

        monkeypatch.setattr(urllib3.HTTPConnectionPool, "urlopen", send_late)
        assert caller.works()
    assert closed


ENDS = {
    "close": lambda response: response.close(),
    "release": lambda response: response.release_conn(),
    "release twice": lambda response: (response.release_conn(), response.release_conn()),
    "close and release": lambda response: (response.close(), response.release_conn()),
    "drain": lambda response: response.drain_conn(),
    "block": lambda response: response.__exit__(None, None, None),
    "shutdown and close": lambda response: (response.shutdown(), response.close()),
    "read": lambda response: response.read(2) and response.close(),
    "nothing": lambda _: None,
}


@pytest.mark.parametrize("end", ENDS)
def test_no_place_of_the_pool_is_lost(connect, end):
    """However often an answer that is half read is given up."""
    half = then(send(HALF), stall)
    with Peer(*[half] * 6, echo) as peer:
        caller = connect(peer, connection_pool_maxsize=2)
        for _ in range(3):
            pair = [caller.raw(timeout=20), caller.raw(timeout=20)]
            for response in pair:
                ENDS[end](response)
            del pair, response
        first = caller.raw(timeout=5)
        assert caller.works()  # there are two places, no fewer
        assert first.read()
        with caller.raw(), caller.raw():
            assert caller.fail(timeout=0.3).tries == 0  # and no more


def test_a_setting_that_changes_while_it_is_read_acts_from_the_next_call():
    """Such as in another thread; here as soon as the configuration was copied."""

    class Changing(Configuration):
        def copy(self):
            twin = super().copy()
            self.connection_pool_maxsize = 3
            return twin

    configuration = Changing("http://127.0.0.1:9")
    routes = Routes(configuration)
    assert not routes.matches(configuration)
