"""Whose answer is on a connection, and who owns it."""

import socket

import pytest
from support.peers import Peer, authority_pem, echo, head_of, proxy, reset, server_tls, then

from gentrace import ApiClient, Configuration
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


# Python 3.11 leaves the socket of TLS that it has half made to its finalizer, which warns.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_peer_that_resets_before_tls_is_a_documented_failure(connect):
    with Peer(greet=reset) as peer:
        caller = connect(peer.at("127.0.0.1", "https"), ssl_ca_cert=authority_pem(), retries=0)
        for _ in range(50):
            assert isinstance(caller.fail(), ApiConnectionException)


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


def test_retry_through_a_proxy_reads_with_a_fresh_bound(connect):
    def many(talk, _request):
        talk.send(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 60_000 + b"\r\n")
        for _ in range(8):
            talk.send(b"X: " + b"y" * 60_000 + b"\r\n")

    with Peer(many, echo, tls=server_tls()) as peer, Peer(proxy()) as through:
        caller = connect(peer, proxy=through.url.removesuffix("/api/v1"), retries=1)
        assert caller.works()
    assert len(peer.requests) == 2
