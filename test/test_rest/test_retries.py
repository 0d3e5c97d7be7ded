"""When a call is sent again, and how often."""

import gzip
import socket

import pytest
from support.caller import within
from support.peers import (
    Peer,
    close,
    drip,
    echo,
    endless,
    head_of,
    names,
    raw,
    refuser,
    reply,
    reset,
    send,
    server_tls,
    stall,
    then,
)
from support.retrying import AT_ONCE, RETRIED, keys
from urllib3 import Retry

from gentrace.exceptions import (
    ApiConnectionException,
    ApiTimeoutException,
    ServiceException,
    exception_class,
)

FINAL = [
    400,
    401,
    403,
    404,
    405,
    409,
    410,
    413,
    415,
    422,
    423,
    425,
    426,
    431,
    451,
    501,
    505,
    507,
    511,
]


# Whether.


@pytest.mark.parametrize("status", RETRIED)
@pytest.mark.usefixtures("waits")
def test_status_that_may_pass_is_retried_twice(connect, status):
    with Peer(reply(status)) as peer:
        error = connect(peer).fail(exception_class(status))
    assert len(peer.requests) == error.tries == 3
    assert error.status == status


@pytest.mark.parametrize("status", FINAL)
@pytest.mark.usefixtures("waits")
def test_other_status_is_never_retried(connect, status):
    """Not even with a Retry-After, after which urllib3 retries a 413."""
    with Peer(reply(status, headers={"Retry-After": "1"})) as peer:
        assert connect(peer).fail(exception_class(status)).tries == 1
    assert len(peer.requests) == 1


@pytest.mark.parametrize(
    "fault",
    [reset, close, raw(b"garbage\r\n\r\n"), raw(head_of(200, headers={"Content-Length": 9}))],
    ids=["reset", "closed", "garbage", "cut short"],
)
@pytest.mark.usefixtures("waits")
def test_read_errors_are_retried(connect, fault):
    with Peer(fault, fault, echo) as peer:
        assert connect(peer).works()
    assert len(peer.requests) == 3


def test_connect_errors_are_retried(connect, monkeypatch):
    """The server comes up between two tries."""
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    peers = []

    def start_server(_):
        if not peers:
            peers.append(Peer(port=port).__enter__())

    monkeypatch.setattr("time.sleep", start_server)
    try:
        assert connect(f"http://127.0.0.1:{port}").works()
    finally:
        peers[0].__exit__()


def test_connection_that_went_stale_in_the_pool_is_replaced(connect):
    """urllib3's pool reports it as a read error, after which it does not retry a POST."""
    with Peer(then(echo, close), echo) as peer:
        caller = connect(peer, retries=False)
        assert caller.works()
        peer.wait(lambda: peer.open == 0)
        assert caller.works()
    assert peer.connections == 2


@pytest.mark.usefixtures("waits")
def test_connection_that_is_closed_as_the_request_arrives_is_retried_with_the_same_key(connect):
    with Peer(echo, close, echo) as peer:
        caller = connect(peer)
        assert caller.works()
        assert caller.works()
    assert [request.connection for request in peer.requests] == [0, 0, 1]
    assert keys(peer)[1] == keys(peer)[2]


def test_streamed_answer_is_not_retried_once_it_is_handed_over(connect):
    with Peer(raw(head_of(200, headers={"Content-Length": 9}), b"short")) as peer:
        response = connect(peer).raw()
        with pytest.raises(ApiConnectionException):
            response.read()
    assert len(peer.requests) == 1


# How often.


@pytest.mark.parametrize(
    ("retries", "tries"),
    [
        (None, 3),
        (False, 1),
        (0, 1),
        (1, 2),
        (5, 6),
        (Retry(1, status_forcelist=[503], allowed_methods=None), 2),
        (Retry(4, status=2, status_forcelist=[503], allowed_methods=["POST"]), 3),
        (Retry(4, status_forcelist=[500], allowed_methods=None), 1),
        (Retry(4, status_forcelist=[503], allowed_methods=["GET"]), 1),
        (Retry(4), 1),
        (Retry(0), 1),
        (Retry(False), 1),
    ],
    ids=repr,
)
@pytest.mark.usefixtures("waits")
def test_retries_says_how_often(connect, retries, tries):
    with Peer(reply(503)) as peer:
        assert connect(peer, retries=retries).fail(ServiceException).tries == tries
    assert len(peer.requests) == tries


def test_retry_of_the_caller_says_the_waits(connect, waits):
    class Slow(Retry):
        def get_backoff_time(self):
            return 7.0 * len(self.history)

    retries = Slow(2, status_forcelist=[503], allowed_methods=None)
    with Peer(reply(503)) as peer:
        connect(peer, retries=retries).fail(ServiceException)
    assert waits == [7, 14]
    assert retries.total == 2


def test_bomb_that_is_small_on_the_wire_is_not_unpacked_before_the_next_try(connect):
    """Of 13 KB, with 8 GiB inside of it."""
    data = gzip.compress(gzip.compress(bytes(2**20)) * 8192)
    head = head_of(503, headers={"Content-Encoding": "gzip, gzip", "Content-Length": len(data)})
    assert len(data) < 2**16
    with Peer(send(head + data), echo) as peer, within(1):
        assert connect(peer, retries=AT_ONCE).works()
    assert peer.connections == 1


HALF = head_of(503, headers={"Content-Length": 9}) + b"half"


@pytest.mark.parametrize(
    "fault",
    [raw(HALF), then(send(HALF), reset), then(send(HALF), stall)],
    ids=["closed", "reset", "stall"],
)
def test_retried_answer_that_breaks_off_costs_its_connection(connect, fault):
    with Peer(fault, echo) as peer, within(2):
        assert connect(peer).works()
    assert peer.connections == 2


@pytest.mark.parametrize(
    "wait",
    [-1, float("nan"), float("-inf"), float("inf"), 10**400],
    ids=["negative", "NaN", "-inf", "inf", "huge"],
)
def test_retry_of_the_caller_may_say_any_wait(connect, wait):
    """A number that is none to wait for is none to wait; one beyond the deadline ends the call."""

    class Odd(Retry):
        def get_backoff_time(self):
            return wait

    with Peer(close, echo) as peer:
        caller = connect(peer, retries=Odd(1, allowed_methods=None))
        if wait > 1:
            caller.fail(ApiConnectionException)
        else:
            assert caller.works()


def test_retry_of_the_caller_may_ignore_retry_after(connect, waits):
    retries = Retry(
        1, status_forcelist=[503], allowed_methods=None, respect_retry_after_header=False
    )
    with Peer(reply(503, headers={"Retry-After": "30"})) as peer:
        connect(peer, retries=retries).fail(ServiceException)
    assert len(peer.requests) == 2
    assert not any(waits)


@pytest.mark.parametrize(
    "fault", [reset, raw(b"garbage\r\n\r\n"), stall], ids=["reset", "garbage", "stall"]
)
@pytest.mark.usefixtures("waits")
def test_retry_of_the_caller_that_leaves_out_post_sends_it_once(connect, fault):
    with Peer(fault) as peer:
        connect(peer, retries=Retry(3)).fail(
            ApiTimeoutException if fault is stall else ApiConnectionException, timeout=(5, 0.3, 60)
        )
    assert len(peer.requests) == 1


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize(
    ("retries", "connects"),
    [
        (Retry(3), 4),
        (Retry(3, connect=1), 2),
        (Retry(3, connect=0), 1),
        (Retry(3, read=0), 4),
        (Retry(3, read=False, connect=2), 3),
    ],
    ids=repr,
)
def test_retry_of_the_caller_tells_connect_errors_from_others(connect, retries, connects):
    """A request that was not sent may be sent again, whatever its method."""
    with refuser() as address, names({"server.test": [address]}) as asked:
        connect("https://server.test", retries=retries).fail(ApiConnectionException)
    assert asked.count("server.test") == connects


def test_broken_tls_after_the_request_does_not_send_a_post_again(connect):
    """urllib3's `Retry` counts it as `other`, for which it does not look at the method."""

    def break_tls(talk, _):
        socket.socket.sendall(talk.sock, b"\x17\x03\x03\x00\x20" + bytes(32))
        talk.stall()

    with Peer(break_tls, tls=server_tls()) as peer:
        error = connect(peer, retries=Retry(3)).fail(ApiConnectionException)
        assert len(peer.requests) == error.tries == 1
        error = connect(peer).fail(ApiConnectionException)
        assert len(set(keys(peer)[1:])) == 1
        assert error.tries == 3


# What comes with an answer that is retried.


@pytest.mark.parametrize(
    "body",
    [
        endless(head_of(503), b"x" * 65536),
        endless(head_of(503, headers={"Transfer-Encoding": "chunked"}), b"1\r\nx\r\n" * 10_000),
        drip(head_of(503, headers={"Content-Length": 10**6}), b"x"),
    ],
    ids=["endless", "chunked", "drip"],
)
def test_body_of_a_retried_answer_is_not_read_without_limit(connect, body):
    """urllib3 drains it before it tries again."""
    with Peer(body, echo) as peer, within(1):
        assert connect(peer, retries=AT_ONCE).works()
    assert [request.connection for request in peer.requests] == [0, 1]
