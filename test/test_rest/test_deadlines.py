"""A call ends at its deadline, whatever the server does; the faults here last a minute or more."""

import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import pytest
from support.caller import MARGIN, RUN, Caller, within
from support.peers import (
    Peer,
    authority_pem,
    blackhole,
    drip,
    echo,
    endless,
    head_of,
    names,
    refuser,
    reply,
    server_tls,
    stall,
    then,
)

from gentrace import ApiException
from gentrace.configuration import DEFAULT_TIMEOUT
from gentrace.exceptions import ApiConnectionException, ApiTimeoutException
from gentrace.rest.deadline import start_deadline

LIMIT = 0.5

CHUNKED = head_of(200, headers={"Transfer-Encoding": "chunked"})
LONG = head_of(200, headers={"Content-Length": 10**6})
BIG = {"name": "big", "step_runs": [], "blob": "x" * (16 * 1024 * 1024)}
HUGE = {**BIG, "blob": "x" * (50 * 1024 * 1024)}


def slow_reader(talk):
    """Take in some bytes now and then, so that each write goes on before its time-out."""
    while not talk.ended:
        talk.sock.recv(65536)
        talk.pause(0.05)


def slow_tls_reader(talk):
    """The same after a TLS handshake."""
    talk.sock = server_tls().wrap_socket(talk.sock, server_side=True)
    slow_reader(talk)


SLOW = {
    "nothing is answered": stall,
    "a byte of the status line each 100 ms": drip(b"HTTP/1.1 200 ", b"O"),
    "a byte of the headers each 100 ms": drip(b"HTTP/1.1 200 OK\r\n", b"X-Y: z\r\n"),
    "a byte of the body each 100 ms": drip(LONG, b"x"),
    "a byte of an error's body each 100 ms": drip(LONG.replace(b"200", b"503"), b"x"),
    "a byte of a body without a length each 100 ms": drip(head_of(200), b"x"),
    "a byte of chunks each 100 ms": drip(CHUNKED, b"1\r\nx\r\n"),
    "a byte of a chunk-size line each 100 ms": drip(CHUNKED, b"1" + b"0" * 600),
    "a byte of trailers each 100 ms": drip(CHUNKED + b"0\r\n", b"X: y\r\n"),
    "a byte of 100 Continue each 100 ms": drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "endless chunks of one byte": endless(CHUNKED, b"1\r\nx\r\n" * 1000),
}


def walls():
    """Each fault: its name, its peer's steps, and how to reach it."""
    for name, step in SLOW.items():
        yield name, {"steps": [step]}
        yield f"{name}, TLS", {"steps": [step], "tls": server_tls}
    yield "50 MiB are never read", {"greet": stall, "body": HUGE}
    yield "16 MiB are read slowly", {"greet": slow_reader, "body": BIG}
    yield "16 MiB are read slowly, TLS", {"greet": slow_tls_reader, "scheme": "https", "body": BIG}
    yield "a handshake stalls", {"greet": stall, "scheme": "https"}
    record = b"\x16\x03\x03\x40\x00" + bytes(600)
    yield "a byte of a handshake each 100 ms", {"greet": drip(b"", record), "scheme": "https"}
    slow = drip(b"HTTP/1.1 200 OK\r\n", b"X-Y: z\r\n")
    for shown, scheme, tls in ("", "http", None), (", TLS", "https", server_tls):
        yield f"CONNECT stalls{shown}", {"steps": [stall], "tls": tls, "proxied": True}
        yield f"CONNECT is not read{shown}", {"greet": stall, "scheme": scheme, "proxied": True}
        yield (
            f"a byte of CONNECT's answer each 100 ms{shown}",
            {
                "steps": [slow],
                "tls": tls,
                "proxied": True,
            },
        )
    inner = then(reply(200), drip(b"", record))
    yield (
        "a byte of a handshake behind a TLS proxy each 100 ms",
        {"steps": [inner], "tls": server_tls, "proxied": True},
    )
    name = b"\5\0\0\3\xff" + bytes(300)  # SOCKS: connected, to a name of 255 characters
    yield (
        "a byte of SOCKS each 100 ms",
        {"greet": drip(b"\5\0", name), "scheme": "socks5h", "proxied": True},
    )


SMALL_WRITES = [(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)]


def fail(peer, scheme=None, body=RUN, *, proxied=False):
    """Make one call; its exception and how long it took."""
    host, proxy = peer.at("127.0.0.1", scheme), ""
    if proxied:
        host, proxy = "https://target.test", host
    with Caller(
        host,
        proxy=proxy,
        retries=0,
        max_response_body=2**30,
        ssl_ca_cert=authority_pem(),
        socket_options=SMALL_WRITES,
    ) as caller:
        start = time.monotonic()
        try:
            caller.post(body, timeout=LIMIT)
        except ApiException as error:
            return error, time.monotonic() - start
    return None, time.monotonic() - start


def meet(*, steps=(), greet=None, tls=None, **how):
    """Make one call that meets a fault; its exception and how long it took."""
    with Peer(*steps, greet=greet, tls=tls and tls(), window=65536) as peer:
        return fail(peer, **how)


@pytest.fixture(scope="module")
def outcome():
    """Tell what became of a fault: few run side by side, as some keep a core busy.

    Each is told once. A test that is run again, as the machine was busy, makes a call of its own.
    """
    faults = dict(walls())
    with ThreadPoolExecutor(3) as threads:
        futures = {name: threads.submit(meet, **how) for name, how in faults.items()}

        def tell(name):
            future = futures.pop(name, None)
            return meet(**faults[name]) if future is None else future.result()

        yield tell


@pytest.mark.parametrize("name", [name for name, *_ in walls()])
def test_call_ends_at_its_deadline(outcome, name):
    error, took = outcome(name)
    assert type(error) is ApiTimeoutException, repr(error)
    assert error.status == 0
    assert LIMIT <= took < LIMIT + MARGIN
    assert f"{LIMIT:g} s" in str(error)


def test_deadline_that_passes_while_a_body_is_sent_says_so(connect):
    with Peer(greet=stall, window=65536) as peer:
        client = connect(peer, retries=0).client
        with pytest.raises(ApiTimeoutException, match="1 s were up while sending the request"):
            client.call_api("/x", "POST", body=bytes(2**24), timeout=(9, 9, 1))


LOADING = """
import sys, time
from gentrace import ApiClient, ApiException, Configuration

class Slow:
    def find_spec(self, name, *_):
        if name == "urllib3":
            time.sleep(0.3)

sys.meta_path.insert(0, Slow())
client = ApiClient(Configuration(sys.argv[1], timeout=0.2, retries=0))
try:
    client.call_api("/x", "GET")
except ApiException as error:
    print(type(error).__name__, error.reason)
"""


def test_loading_the_transport_counts_to_the_deadline():
    """Of the first call of a process; here it takes longer than the call may."""
    with Peer() as peer:
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", LOADING, peer.url],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        reason = f"{peer.origin}: the call's 0.2 s were up while preparing the request"
        assert (done.stdout, done.stderr) == (f"ApiTimeoutException {reason}\n", "")
        assert peer.requests == []


def test_calls_start_no_thread_but_the_watchdog(connect, monkeypatch):
    """That one starts with the first call of the process."""
    starters = []
    real = threading.Thread.start

    def start(thread):
        starters.append(threading.current_thread())
        real(thread)

    with Peer() as peer:
        caller = connect(peer)
        assert caller.post(timeout=60)
        monkeypatch.setattr(threading.Thread, "start", start)
        assert caller.post(timeout=60)
        assert caller.post(timeout=0.7)
    assert threading.current_thread() not in starters


def test_addresses_that_hang_share_the_deadline(connect):
    """`socket.create_connection` gives each of them the whole time-out."""
    with blackhole() as hole, Peer(tls=server_tls("many.test")) as peer:
        with names({"many.test": [hole] * 60}), within(LIMIT):
            connect(peer.at("many.test")).fail(ApiTimeoutException, timeout=LIMIT)
        with names({"many.test": [hole] * 60}), within(LIMIT):
            caller = connect(peer.at("many.test"), retries=0)
            caller.fail(ApiTimeoutException, timeout=(0.2, 30, LIMIT))


def test_address_that_refuses_leaves_the_next_to_try(connect):
    with (
        refuser() as closed,
        Peer(tls=server_tls("many.test")) as peer,
        names({"many.test": [closed, closed, peer.address]}),
    ):
        assert connect(peer.at("many.test"), retries=0).works()


def test_address_that_hangs_leaves_the_next_to_try(connect):
    with (
        blackhole() as hole,
        Peer(tls=server_tls("many.test")) as peer,
        names({"many.test": [hole, peer.address]}),
        within(0.5),
    ):
        caller = connect(peer.at("many.test"), retries=0)
        assert caller.post(timeout=(0.5, 30, 60)).response.status == 200


def test_wait_for_a_retry_counts_to_the_deadline(connect):
    with Peer(reply(503, headers={"retry-after-ms": "1000"})) as peer, within(1.9, least=1):
        assert connect(peer).fail(timeout=1.9).tries == 2


def test_wait_for_the_pool_counts_to_the_deadline(connect):
    with Peer(then(echo)) as peer:
        caller = connect(peer, connection_pool_maxsize=1)
        held = caller.raw()
        with within(LIMIT, least=LIMIT):
            error = caller.fail(ApiTimeoutException, timeout=LIMIT)
        assert "stream" in str(error)
        assert "connection_pool_maxsize" in str(error) or "pool" in str(error)
        assert error.tries == 0
        held.close()
        assert caller.works()


# What `timeout` means.


@pytest.mark.parametrize(
    ("timeout", "lasts"),
    [
        (0.4, 0.4),
        ((5, 0.4), 0.4),
        ((5, 0.4, 60), 0.4),
        ((5, 30, 0.4), 0.4),
        ((30, 30, 0.4), 0.4),
    ],
)
@pytest.mark.parametrize("place", ["call", "configuration"])
def test_time_out_for_an_answer(connect, timeout, lasts, place):
    with Peer(stall) as peer, within(lasts, least=lasts):
        caller = connect(
            peer, retries=0, **{"timeout": timeout} if place == "configuration" else {}
        )
        error = caller.fail(ApiTimeoutException, timeout=timeout if place == "call" else None)
    assert f"{lasts:g} s" in str(error)


@pytest.mark.parametrize("timeout", [(0.4, 30), (0.4, 30, 60), 0.4])
def test_time_out_for_a_connect(connect, timeout):
    with blackhole() as (host, port), within(0.4, least=0.4):
        error = connect(f"http://{host}:{port}", retries=0).fail(
            ApiTimeoutException, timeout=timeout
        )
    assert error.tries == 0


def test_time_out_of_a_call_comes_before_that_of_its_configuration(connect):
    slow = then(lambda talk, _: talk.pause(0.5), echo)
    with Peer(slow) as peer:
        assert connect(peer, timeout=0.2, retries=0).post(timeout=30)
        connect(peer, timeout=30, retries=0).fail(ApiTimeoutException, timeout=0.2)


@pytest.mark.parametrize(("pair", "lasts"), [((0.3, 0.3), 0.8), ((0.4, 0.5), 0.9)])
def test_pair_ends_after_the_total_of_the_configuration_or_their_sum(connect, pair, lasts):
    """Each operation of the drip is within its time-out."""
    total = 0.8 if lasts == 0.8 else 0.1
    with Peer(drip(LONG, b"x")) as peer, within(lasts, least=lasts):
        connect(peer, timeout=(5, 30, total)).fail(ApiTimeoutException, timeout=pair)


@pytest.mark.parametrize(
    ("given", "of_configuration", "total"),
    [
        (None, (100, 200), 300),
        ((1, 2), (100, 200), 60),
        ((50, 70), (100, 200), 120),
        ((1, 2), 20, 20),
        ((1, 2), (5, 5, 7), 7),
        (9, (100, 200), 9),
    ],
)
def test_pair_of_the_configuration_is_no_total_of_a_call(given, of_configuration, total):
    assert start_deadline(given, of_configuration).total == total


def test_time_out_of_each_try_is_anew(connect):
    with Peer(stall, echo) as peer:
        assert connect(peer).post(timeout=(5, 0.4, 30)).response.status == 200
    assert len(peer.requests) == 2


# Streams.


def test_deadline_covers_a_stream_up_to_its_headers(connect):
    with Peer(drip(b"HTTP/1.1 200 OK\r\n", b"X-Y: z\r\n")) as peer, within(LIMIT, least=LIMIT):
        connect(peer).fail(
            ApiTimeoutException, stream=True, skip_deserialization=True, timeout=LIMIT
        )


@pytest.mark.parametrize("timeout", [0.5, (0.5, 0.5)])
def test_stream_may_take_longer_than_the_deadline(connect, timeout):
    body = b"slow, sure"
    with Peer(drip(head_of(200, headers={"Content-Length": len(body)}), body)) as peer:
        response = connect(peer).raw(timeout=timeout)
        with within(1, least=0.8):
            assert response.read() == body


@pytest.mark.parametrize("timeout", [(5, 0.4), (5, 0.4, 60)])
def test_stream_has_the_read_time_out_for_each_read(connect, timeout):
    with Peer(then(lambda talk, _: talk.send(LONG, b"half"), stall)) as peer:
        response = connect(peer).raw(timeout=timeout)
        assert response.read(4) == b"half"
        with within(0.4, least=0.4), pytest.raises(ApiTimeoutException) as caught:
            response.read(1)
    assert caught.value.status == 0
    assert caught.value.tries == 1


@pytest.mark.parametrize("place", ["configuration", "call"])
def test_stream_ends_with_the_total_of_a_triple(connect, place):
    setting = {"timeout": (5, 5, LIMIT)}
    of_client, of_call = (setting, {}) if place == "configuration" else ({}, setting)
    with Peer(drip(LONG, b"x")) as peer, within(LIMIT, least=LIMIT):
        response = connect(peer, **of_client).raw(**of_call)
        pieces = islice(response.stream(), 100)  # without an end, it would stream for ever
        with pytest.raises(ApiTimeoutException):
            b"".join(pieces)


@pytest.mark.parametrize(
    ("setting", "covers"),
    [(DEFAULT_TIMEOUT, False), ((5, 30, 60), True), ((5, 30), False), (20, False)],
)
def test_only_a_total_that_was_set_is_that_of_streams_too(setting, covers):
    assert start_deadline(None, setting).covers_stream is covers


def test_stream_that_is_deserialized_ends_with_its_deadline(connect):
    with Peer(drip(LONG, b"x")) as peer, within(LIMIT, least=LIMIT):
        connect(peer).fail(ApiTimeoutException, stream=True, timeout=LIMIT)


def test_what_was_read_before_the_deadline_is_in_the_exception(connect):
    with Peer(then(lambda talk, _: talk.send(LONG, b"half"), stall)) as peer:
        error = connect(peer, retries=0).fail(ApiTimeoutException, timeout=LIMIT)
    assert error.body == b"half"
    assert isinstance(error, ApiConnectionException)
