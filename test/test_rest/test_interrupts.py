"""What the handler of a signal raises in the middle of a call; see also test_processes."""

import errno
import gc
import http.client
import os
import random
import signal
import socket
import ssl
import sys
import threading
import time
import traceback
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from support.caller import FETCH, MEDIA
from support.effort import times
from support.peers import Peer, echo, names, reply, reset, send, server_tls, stall, then

import gentrace
from gentrace.exceptions import ApiConnectionException
from gentrace.rest.slots import Slots

PACKAGE = str(Path(gentrace.__file__).parent)
"""What is interrupted at random moments; the checkout around it may be called gentrace too."""

PASSING = [TimeoutError, TypeError, RuntimeError, RecursionError, KeyboardInterrupt]
"""What is no failure of a call: a bare TimeoutError comes before any time of the call is up."""

FAILING = [OSError, ConnectionResetError, ConnectionAbortedError, ValueError]
"""What nobody can tell from a failure of the call."""


@contextmanager
def handled(kind):
    """Have SIGALRM raise."""

    def handle(*_):
        raise kind("of the handler")

    before = signal.signal(signal.SIGALRM, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, before)


def strike(*_, **_keywords):
    signal.raise_signal(signal.SIGALRM)


def strike_the_client(talk, _=None):
    """Have the main thread interrupted once it waits for what comes next, and say nothing."""
    talk.pause(0.1)
    os.kill(os.getpid(), signal.SIGALRM)
    talk.stall()


HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
BROKEN = HALF.replace(b"Content-Length", b"Content-Encoding: gzip\r\nContent-Length")
HALF_FILE = HALF.replace(b"Content-Length", f"Content-Type: {MEDIA}\r\nContent-Length".encode())


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("half", [b"", HALF, BROKEN], ids=["waiting", "body", "no gzip"])
@pytest.mark.parametrize("kind", PASSING)
def test_interrupt_passes_through(connect, kind, half, tls):
    with Peer(then(send(half), strike_the_client), echo, tls=server_tls() if tls else None) as peer:
        caller = connect(peer, connection_pool_maxsize=1)
        with handled(kind), pytest.raises(kind, match="of the handler"):
            caller.post()
        peer.wait(lambda: peer.open == 0)
        assert caller.works()
    assert len(peer.requests) == 2


def test_interrupt_of_a_slow_head_passes_through(connect):
    """Each wait for a line is within the time-out of one operation, all together are not."""

    def line(talk, _):
        talk.pause(0.4)
        talk.send(b"X-Y: z\r\n")

    slow = then(send(b"HTTP/1.1 200 OK\r\n"), line, line, line, line, strike_the_client)
    with Peer(slow) as peer, handled(TimeoutError), pytest.raises(TimeoutError, match="of the"):
        connect(peer).post(timeout=(9, 1.2, 9))


@pytest.mark.parametrize("kind", PASSING)
def test_interrupt_of_a_download_passes_through_and_leaves_no_file(connect, kind, tmp_path):
    with Peer(then(send(HALF_FILE), strike_the_client), echo) as peer:
        caller = connect(peer, connection_pool_maxsize=1, temp_folder_path=tmp_path)
        with handled(kind), pytest.raises(kind, match="of the handler"):
            caller.client.call(FETCH, stream=True)
        assert list(tmp_path.iterdir()) == []
        assert caller.works()


# Python closes a file whose interrupted frame is gone, and tells of an interrupt in `__del__`.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_interrupts_of_downloads_at_random_moments_leave_no_file_open(connect, tmp_path):
    interrupted = 0

    def handle(_, frame):
        nonlocal interrupted
        files = [each.f_code.co_filename for each, _ in traceback.walk_stack(frame)]
        if any(file.startswith(PACKAGE) for file in files):
            interrupted += 1
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, handle)
    try:
        with Peer(reply(200, b"content", content_type=MEDIA)) as peer:
            caller = connect(peer, temp_folder_path=tmp_path)
            caller.client.call(FETCH, stream=True).body.close()
            began = time.perf_counter()
            caller.client.call(FETCH, stream=True).body.close()
            took = time.perf_counter() - began
            while interrupted < times(200):
                signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, took))  # noqa: S311
                with suppress(KeyboardInterrupt):
                    caller.client.call(FETCH, stream=True).body.close()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    gc.collect()
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    assert not [link for link in links if link.readlink().is_relative_to(tmp_path)]


@pytest.mark.parametrize("kind", PASSING)
def test_interrupt_of_a_stream_passes_through(connect, kind):
    with Peer(then(send(HALF), strike_the_client), echo) as peer:
        caller = connect(peer, connection_pool_maxsize=1)
        response = caller.raw()
        with handled(kind), pytest.raises(kind, match="of the handler"):
            response.read()
        assert caller.works()


@pytest.mark.parametrize("kind", PASSING)
def test_interrupt_while_an_answer_is_drained_passes_through(connect, monkeypatch, kind):
    def receive(sock, size):
        if threading.current_thread() is threading.main_thread():
            strike()
        return before(sock, size)

    with Peer(then(send(HALF), stall), echo) as peer, handled(kind):
        caller = connect(peer, connection_pool_maxsize=1)
        response = caller.raw()
        before = socket.socket.recv
        with monkeypatch.context() as patch:
            patch.setattr("socket.socket.recv", receive)
            with pytest.raises(kind, match="of the handler"):
                response.drain_conn()
        peer.wait(lambda: peer.open == 0)
        assert caller.works()


@pytest.mark.parametrize("kind", PASSING)
def test_interrupt_while_connecting_passes_through(connect, kind):
    """Though there would be another address, and another try."""
    strikes = []

    def resolve(_):
        strikes.append(1)
        strike()

    with Peer() as peer, handled(kind), names({"two.test": resolve}):
        caller = connect(peer.at("two.test"), access_token=None)
        with pytest.raises(kind, match="of the handler"):
            caller.post()
    assert strikes == [1]


def post(caller):
    caller.post()


def leave_unread(caller):
    with caller.raw():
        pass


def drain(caller):
    caller.raw().drain_conn()


@pytest.mark.parametrize("use", [post, leave_unread, drain])
@pytest.mark.parametrize("step", [echo, reset])
def test_interrupt_as_a_connection_is_returned_loses_it_to_no_call(connect, monkeypatch, use, step):
    """Though there is only one."""

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    with Peer(echo, step, echo) as peer:
        caller = connect(peer, connection_pool_maxsize=1, timeout=10, retries=0)
        assert caller.works()
        with monkeypatch.context() as patch:
            patch.setattr(Slots, "put", interrupt)
            with pytest.raises(KeyboardInterrupt):
                use(caller)
        assert caller.works()


@pytest.mark.parametrize("kind", PASSING)
def test_interrupt_while_another_address_is_left_passes_through(connect, monkeypatch, kind):
    strikes = []

    def set_option(*_):
        strikes.append(1)
        strike()

    with Peer() as peer, handled(kind), names({"two.test": [peer.address] * 2}):
        caller = connect(peer.at("two.test"), access_token=None)
        with monkeypatch.context() as patch:
            patch.setattr("socket.socket.setsockopt", set_option)
            with pytest.raises(kind, match="of the handler"):
                caller.post()
        assert strikes == [1]
        assert caller.works()


@pytest.mark.parametrize("kind", PASSING)
def test_interrupt_while_sending_passes_through(connect, monkeypatch, kind):
    """Though the server may have answered, and an answer be there to read."""
    with Peer() as peer, handled(kind):
        caller = connect(peer)
        assert caller.works()
        with monkeypatch.context() as patch:
            patch.setattr("http.client.HTTPConnection.send", strike)
            with pytest.raises(kind, match="of the handler"):
                caller.post()
        assert caller.works()


@pytest.mark.parametrize("kind", FAILING)
@pytest.mark.parametrize("where", ["http.client.HTTPConnection.send", "socket.getaddrinfo"])
def test_error_of_a_handler_that_looks_like_a_failure_is_one(connect, monkeypatch, kind, where):
    """It is the cause; the call is sent again like any other, unless it may not."""
    with Peer() as peer, handled(kind):
        caller = connect(peer.at("localhost"), retries=0)
        with monkeypatch.context() as patch:
            patch.setattr(where, strike)
            error = caller.fail()
        assert isinstance(error, ApiConnectionException)
        assert type(error.__cause__) is kind
        assert caller.works()


def test_connection_that_half_a_request_was_sent_on_serves_no_other(connect, monkeypatch):
    """The handler's error looks like that of a server that has answered early and closed."""
    real = http.client.HTTPConnection.send
    sent = []

    def send_half(self, data):
        sent.append(data)
        if len(sent) == 3:  # the head, and a piece of the body
            strike()
        real(self, data)

    def answer_early(talk):
        talk.read_until(b"\r\n\r\n")
        reply(200)(talk)
        talk.stall()

    with (
        Peer(greet=answer_early) as peer,
        handled(lambda text: ConnectionResetError(errno.ECONNRESET, text)),
    ):
        caller = connect(peer, retries=0)
        monkeypatch.setattr(http.client.HTTPConnection, "send", send_half)
        caller.post({"name": "n" * 600_000, "step_runs": []})
        caller.post()
        assert peer.connections == 2


@pytest.mark.parametrize("kind", FAILING)
def test_error_of_a_handler_between_two_tries_is_the_error_of_the_call(connect, monkeypatch, kind):
    """The call is not sent again: the server may have asked for a longer wait."""
    strikes = []

    def sleep(_):
        strikes.append(1)
        strike()

    with Peer(reply(503), echo) as peer, handled(kind):
        caller = connect(peer)
        with monkeypatch.context() as patch:
            patch.setattr("time.sleep", sleep)
            error = caller.fail(ApiConnectionException)
        assert strikes == [1]
        assert type(error.__cause__) is kind
        assert (error.tries, "of the handler" in str(error)) == (1, True)
        assert caller.works()


@pytest.mark.parametrize("kind", PASSING)
def test_interrupt_between_two_tries_passes_through(connect, monkeypatch, kind):
    """However long ago something came from the server."""
    with Peer(reply(503, headers={"retry-after-ms": "500"}), echo) as peer, handled(kind):
        caller = connect(peer)
        with monkeypatch.context() as patch:
            patch.setattr("time.sleep", lambda _: (threading.Event().wait(0.2), strike()))
            with pytest.raises(kind, match="of the handler"):
                caller.post(timeout=(0.1, 0.1, 20))
        assert caller.works()


class StruckWhileLoading:
    """An import hook: the first import of a module is interrupted."""

    def __init__(self, module):
        self._module = module

    def find_spec(self, name, *_):
        if name == self._module:
            self._module = ""
            strike()


@pytest.fixture(params=["gentrace.rest", "certifi"])
def struck_while_loading(request, connect, monkeypatch):
    """A caller whose first call is interrupted while it loads the transport, or its roots."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    monkeypatch.setattr(gentrace, "rest", gentrace.rest)  # the import replaces it
    monkeypatch.delitem(sys.modules, request.param, raising=False)
    monkeypatch.setattr(sys, "meta_path", [StruckWhileLoading(request.param), *sys.meta_path])
    return connect("https://127.0.0.1:1", ssl_ca_cert=None, retries=0)


@pytest.mark.parametrize("kind", PASSING)
def test_interrupt_of_loading_passes_through(struck_while_loading, kind):
    with handled(kind), pytest.raises(kind, match="of the handler"):
        struck_while_loading.post()
    error = struck_while_loading.fail(ApiConnectionException)
    assert type(error.__cause__) is ConnectionRefusedError


@pytest.mark.parametrize("kind", FAILING)
def test_error_of_a_handler_while_loading_is_the_cause(struck_while_loading, kind):
    with handled(kind):
        error = struck_while_loading.fail(ApiConnectionException)
    assert type(error.__cause__) is kind
    assert "of the handler" in str(error)


@pytest.mark.parametrize("method", ["load_verify_locations", "load_cert_chain"])
def test_interrupt_of_loading_certificates_passes_through(connect, monkeypatch, method):
    monkeypatch.setattr(ssl.SSLContext, method, strike, raising=False)
    caller = connect("https://127.0.0.1:1", cert_file=__file__)
    with handled(TimeoutError), pytest.raises(TimeoutError, match="of the handler"):
        caller.post()


def test_call_in_the_handling_of_an_interrupt_fails_with_its_own_error(connect):
    with handled(TimeoutError):
        try:
            strike()
        except TimeoutError:
            error = connect("http://127.0.0.1:1", retries=0).fail(ApiConnectionException)
    assert type(error.__cause__) is ConnectionRefusedError


def raise_from_itself(*_, **_keywords):
    error = ValueError()
    raise error from error


def raise_in_a_circle(*_, **_keywords):
    first, second = ValueError(), ValueError()
    first.__cause__ = second
    raise second from first


@pytest.mark.parametrize("circle", [raise_from_itself, raise_in_a_circle])
def test_error_that_is_its_own_cause_is_told(connect, monkeypatch, circle):
    monkeypatch.setattr("socket.getaddrinfo", circle)
    assert connect("http://localhost:1", retries=0).fail(ApiConnectionException).status == 0


def test_answer_is_awaited_after_a_refused_interrupt(connect):
    """A handler that raises nothing is in nobody's way."""
    seen = []
    before = signal.signal(signal.SIGALRM, lambda *_: seen.append(1))
    try:
        with Peer(then(lambda talk, _: talk.pause(0.3), echo)) as peer:
            signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
            assert connect(peer).works()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert seen
