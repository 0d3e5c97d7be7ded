"""Who owns a descriptor, whose answer is on a connection, and whose turn it is in the pool."""

import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.peers import Peer, authority_pem, echo, head_of, proxy, reset, server_tls, then

from gentrace import ApiClient, Configuration, rest
from gentrace.exceptions import ApiConnectionException, ClientException

ANSWER = b'{"pipelineRunId": "first"}'
FORGED = b'{"pipelineRunId": "FORGED"}'


def full(body):
    return (
        head_of(200, headers={"Content-Type": "application/json", "Content-Length": len(body)})
        + body
    )


@pytest.mark.parametrize("way", ["plain", "TLS", "TLS in TLS"])
def test_surplus_of_an_answer_is_not_the_next_answer(connect, way):
    """Filled up to what the reader takes in at once, so that the forged one begins a new read."""

    def poison(talk, _request):
        talk.send(full(ANSWER).ljust(8192, b"x") + full(FORGED))

    tls = None if way == "plain" else server_tls()
    with Peer(poison, echo, tls=tls) as peer, Peer(proxy(), tls=server_tls()) as through:
        settings = {"proxy": through.url.removesuffix("/api/v1")} if way == "TLS in TLS" else {}
        caller = connect(peer, **settings)
        assert caller.post().body["pipelineRunId"] == "first"
        assert caller.works()
        assert peer.connections == 2


def expired():
    wall = rest.Wall(1, 1, 1, covers_stream=False)
    wall.end = 0
    return wall


def test_time_out_before_tls_leaves_the_descriptor_with_its_socket():
    with rest._Walled() as sock:
        sock.wall = expired()
        with pytest.raises(TimeoutError):
            context().wrap_socket(sock, server_hostname="target.test")
        assert os.fstat(sock.fileno())


def test_time_out_is_told_without_an_error_once_it_has_passed():
    """Python's TLS asks for it while two objects hold the descriptor; an error closed it twice."""
    with rest._Walled() as sock:
        sock.wall = expired()
        assert 0 < sock.gettimeout() < 0.1


def test_socket_that_serves_no_call_waits_for_ever():
    with rest._Walled() as sock:
        assert sock.gettimeout() is None


class HandsOver:
    """A lock that is released just when somebody waits for it."""

    def __init__(self, turn, connection):
        self._turn, self._connection = turn, connection

    def acquire(self, timeout):
        assert timeout > 0
        self._turn.connection = self._connection


@pytest.mark.parametrize("handed_over", [True, False])
def test_waiter_that_leaves_as_its_turn_comes_gives_it_on(handed_over):
    """It is out of the queue already, and what it gets may come a moment later."""
    pool = rest.Pool(1)
    wall = rest.Wall(1, 1, 1, covers_stream=False)
    with Peer() as peer:
        connection = pool.take(wall, lambda: rest._Connection(*peer.address))
        connection.wall = wall
        connection.connect()
        turn = rest._Turn()
        if handed_over:
            turn.came = HandsOver(turn, connection)
        pool._leave(turn)
        if not handed_over:
            pool.give_back(connection)
        assert pool.take(wall, None) is connection
        pool.drop(connection)


def context():
    return rest._make_tls_context(Configuration())


def test_peer_that_resets_before_tls_is_a_documented_failure(connect):
    with Peer(greet=reset) as peer:
        caller = connect(peer.at("127.0.0.1", "https"), ssl_ca_cert=authority_pem(), retries=0)
        for _ in range(50):
            assert isinstance(caller.fail(), ApiConnectionException)


def test_tls_that_is_not_set_up_looks_for_its_peer():
    """As Python does where a peer is gone before TLS begins: there is no wall yet."""
    near, far = socket.socketpair()
    with rest._Walled(fileno=near.detach()) as sock:
        far.close()
        assert sock.recv(1) == b""


class Early(Peer):
    """Answers when it has read the head, and closes."""

    def _serve(self, talk):
        if self._tls:
            talk.sock = self._tls.wrap_socket(talk.sock, server_side=True)
        talk.read_until(b"\r\n\r\n")
        talk.send(head_of(413, headers={"Content-Length": 0, "Connection": "close"}))
        socket.socket.close(talk.sock)
        self._talks.discard(talk)


@pytest.mark.parametrize("tls", [False, True])
def test_early_answer_is_read(connect, tls):
    body = {"name": "a" * 30_000_000, "stepRuns": []}
    with Early(tls=server_tls() if tls else None) as peer:
        assert connect(peer, retries=0).fail(ClientException, body=body).status == 413


def test_waiters_are_served_in_turn(connect):
    """With one connection, no thread gets far ahead of another."""

    def slow(talk, request):
        talk.pause(0.01)
        echo(talk, request)

    counts = [0] * 12
    with Peer(slow) as peer, ThreadPoolExecutor(len(counts)) as threads:
        caller = connect(peer, connection_pool_maxsize=1, timeout=60)
        ends = threading.Event()

        def work(number):
            while not ends.is_set():
                caller.post()
                counts[number] += 1
                if sum(counts) >= 20 * len(counts):
                    ends.set()

        list(threads.map(work, range(len(counts))))
    assert max(counts) <= 2 * min(counts) + 3, counts


def test_connections_are_kept_after_close_too(connect):
    with Peer() as peer:
        caller = connect(peer)
        assert caller.works()
        caller.client.close()
        assert all(caller.works() for _ in range(3))
    assert peer.connections == 2


def ask(client):
    return client.call_api("/pipeline-run", "POST", body=b"{}", async_req=True)


def test_close_waits_for_asynchronous_calls():
    with Peer(then(lambda talk, _: talk.pause(0.2), echo)) as peer:
        client = ApiClient(Configuration(peer.url), pool_threads=1)
        results = [ask(client) for _ in range(3)]
        client.close()
        assert [result.get(timeout=1).status for result in results] == [200] * 3


def test_child_has_threads_of_its_own():
    with Peer() as peer:
        client = ApiClient(Configuration(peer.url), pool_threads=1)
        assert ask(client).get(timeout=30).status == 200
        parents = client._threads
        parents[-1] = parents.pop(os.getpid())  # as a child finds it
        assert ask(client).get(timeout=30).status == 200
        client.close()
        parents[os.getpid()] = parents.pop(-1)
        client.close()


def test_retry_through_a_proxy_reads_with_a_fresh_bound(connect):
    def many(talk, _request):
        talk.send(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 60_000 + b"\r\n")
        for _ in range(8):
            talk.send(b"X: " + b"y" * 60_000 + b"\r\n")

    with Peer(many, echo, tls=server_tls()) as peer, Peer(proxy()) as through:
        caller = connect(peer, proxy=through.url.removesuffix("/api/v1"), retries=1)
        assert caller.works()
    assert len(peer.requests) == 2
