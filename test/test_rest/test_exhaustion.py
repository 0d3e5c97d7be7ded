"""What a call says where no descriptor, thread or memory is to be had."""

import errno
import os
import socket
import subprocess
import sys
import textwrap
import threading

import pytest
from support.descriptors import FREE, USE_UP
from support.peers import Peer, echo, head_of, send, server_tls

from gentrace import ApiClient
from gentrace.exceptions import ApiConnectionException

# Each runs in a process of its own: what is used up there is missed by nobody here.

START = """
import json, os, resource, sys, threading
from gentrace import ApiClient, ApiException, Configuration
from gentrace.apis.tags.ingestion_api import IngestionApi

configuration = Configuration(sys.argv[1], access_token="t", retries=0, json_encoder="json")
api = IngestionApi(ApiClient(configuration))

def call():
    try:
        api.pipeline_run_post({"name": "n", "stepRuns": []})
    except ApiException as error:
        return [type(error).__name__, error.status, str(error)]
    return ["works", 200, ""]
"""


def run(body, url, *, measured=False):
    """What a program prints; measuring its coverage takes descriptors."""
    environment = {k: v for k, v in os.environ.items() if measured or not k.startswith("COVERAGE_")}
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", START + textwrap.dedent(body), url],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return [eval(line) for line in done.stdout.splitlines()]  # noqa: S307 - lists of texts


@pytest.mark.parametrize("is_warm", [True, False])
def test_call_without_a_descriptor_says_so(is_warm):
    """A later one, as soon as there are some, works."""
    first = "print(call()); api.api_client.close()" if is_warm else "import gentrace.rest"
    with Peer() as peer:
        *_, failed, works = run(f"{first}{USE_UP}\nprint(call()){FREE}\nprint(call())", peer.url)
    assert failed[:2] == ["ApiConnectionException", 0]
    assert "open files" in failed[2]
    assert works[0] == "works"


def test_call_over_tls_without_a_descriptor_names_no_setting():
    """The roots cannot be read: that is no mistake in `ssl_ca_cert`, which nobody has set."""
    with Peer(tls=server_tls()) as peer:
        (failed,) = run(f"import gentrace.rest, certifi{USE_UP}\nprint(call())", peer.url)
    assert failed[:2] == ["ApiConnectionException", 0]
    assert "open files" in failed[2]
    assert "ssl_ca_cert" not in failed[2]


def refuse_to_start(*_, **__):
    raise RuntimeError("can't start new thread")


def find_no_memory(*_, **__):
    raise MemoryError


@pytest.mark.parametrize("refuse", [refuse_to_start, find_no_memory])
@pytest.mark.parametrize("method", ["start", "__init__"])
def test_call_without_a_thread_says_so(connect, monkeypatch, method, refuse):
    """Its deadline could not be kept. A subinterpreter refuses to construct daemon threads."""
    from gentrace.rest.watchdog import watchdog  # noqa: PLC0415 - to have it start anew

    watchdog.reset()
    with Peer() as peer:
        caller = connect(peer, retries=0)
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, method, refuse)
            errors = [caller.fail(ApiConnectionException) for _ in range(2)]
        for error in errors:
            assert "no thread can be had" in str(error)
            assert (error.status, error.tries) == (0, 0)
        assert caller.works()


@pytest.mark.parametrize("refuse", [refuse_to_start, find_no_memory])
def test_asynchronous_call_without_a_thread_says_so(connect, monkeypatch, refuse):
    with Peer() as peer:
        client = connect(peer).client
        monkeypatch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(ApiConnectionException, match="no thread can be started") as info:
            client.call_api("/runs", "GET", async_req=True)
        assert info.value.status == 0


def test_asynchronous_call_without_semaphores_says_so(connect, monkeypatch):
    """A pool of the standard library needs them, even one of threads."""
    with Peer() as peer:
        client = connect(peer).client
        with monkeypatch.context() as patch:
            # As where Python is built without them.
            patch.setitem(sys.modules, "multiprocessing.synchronize", None)
            with pytest.raises(ApiConnectionException, match="call without async_req=True"):
                client.call_api("/runs", "GET", async_req=True)
        assert client.call_api("/runs", "GET", async_req=True).get(timeout=30).status == 200


@pytest.mark.parametrize("count", range(6))
def test_asynchronous_call_with_too_few_threads_leaves_none(connect, monkeypatch, count):
    """Of a pool of three, only some can be started, or of the three that look after it."""
    start, left = threading.Thread.start, [None] * count

    def start_some(thread):
        if not left:
            refuse_to_start(thread)
        left.pop()
        start(thread)

    with Peer() as peer:
        client = ApiClient(connect(peer).configuration, pool_threads=3)
        with monkeypatch.context() as patch:
            before = set(threading.enumerate())
            patch.setattr(threading.Thread, "start", start_some)
            with pytest.raises(ApiConnectionException, match="no thread can be started"):
                client.call_api("/runs", "GET", async_req=True)
            assert before.issuperset(threading.enumerate())


def test_handshake_without_a_descriptor_says_so(connect, monkeypatch):
    """The socket has one already; what the watchdog would need is another."""

    def fail(_):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with Peer(tls=server_tls()) as peer:
        caller = connect(peer, retries=0)
        with monkeypatch.context() as patch:
            patch.setattr("socket.socket.dup", fail)
            error = caller.fail(ApiConnectionException)
        assert "open files" in str(error)
        peer.wait(lambda: peer.open == 0)
        assert caller.works()


@pytest.mark.parametrize("name", ["EMFILE", "ENFILE", "ENOMEM"])
def test_roots_that_cannot_be_read_now_are_no_mistake_in_a_setting(connect, monkeypatch, name):
    number = getattr(errno, name)

    def fail(*_, **_keywords):
        raise OSError(number, os.strerror(number))

    with Peer(tls=server_tls()) as peer:
        caller = connect(peer, retries=0)
        monkeypatch.setattr("ssl.SSLContext.load_verify_locations", fail, raising=False)
        error = caller.fail(ApiConnectionException)
    assert os.strerror(number) in str(error)
    assert "ssl_ca_cert" not in str(error)


def test_roots_that_cannot_be_imported_are_no_mistake_in_a_setting(connect, monkeypatch):
    """As where Python ends."""
    with Peer(tls=server_tls()) as peer:
        caller = connect(peer, ssl_ca_cert=None)
        monkeypatch.setitem(sys.modules, "certifi", None)
        assert "certifi's roots cannot load" in str(caller.fail(ApiConnectionException))


def test_roots_of_certifi_that_are_missing_are_no_mistake_in_a_setting(connect, monkeypatch):
    """As in a packaged program that leaves out data files."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    monkeypatch.setattr("certifi.where", lambda: "/missing.pem")
    error = connect("https://127.0.0.1:1", ssl_ca_cert=None).fail(ApiConnectionException)
    assert "certifi's roots cannot load: No such file or directory" in str(error)


@pytest.mark.parametrize("where", ["socket.socket.connect", "http.client.HTTPConnection.send"])
def test_call_without_memory_says_so(connect, monkeypatch, where):
    def fail(*_):
        raise MemoryError

    with Peer() as peer:
        caller = connect(peer)
        with monkeypatch.context() as patch:
            patch.setattr(where, fail, raising=False)
            error = caller.fail(ApiConnectionException)
        assert "no memory is left" in str(error)
        assert caller.works()


SHORT_OF_MEMORY = """
import gentrace.rest
with open("/proc/self/statm") as statm:
    used = int(statm.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**20 * {more}, resource.RLIM_INFINITY))
"""


@pytest.mark.parametrize(
    ("more", "content", "times", "words"),
    [
        (60, b"[]," * 1000, 1390, "no memory is left to parse it"),
        (100, b" " * 2**20, 300, "no memory is left to read it"),
    ],
    ids=["parsed", "read"],
)
def test_answer_that_memory_does_not_hold_says_so(more, content, times, words):
    """The run is stored, so the status says that; the next call works."""

    def answer(talk, _):
        fields = {"Content-Type": "application/json", "Content-Length": len(content) * times + 9}
        talk.send(head_of(200, headers=fields), b'{"x":[')
        for _ in range(times):
            talk.send(content)
        talk.send(b"1]}")

    body = f"""
configuration.max_response_body = 2**30
print(call()){SHORT_OF_MEMORY.format(more=more)}
print(call())
print(call())
"""
    with Peer(echo, answer, echo) as peer:
        works, failed, again = run(body, peer.url, measured=True)
    assert (works[0], again[0]) == ("works", "works")
    assert failed[:2] == ["ApiResponseException", 200]
    assert words in failed[2]


def test_body_that_memory_does_not_hold_says_so():
    body = f"""
run = {{"name": "n", "stepRuns": [], "x": ["y" * 1000] * 150_000}}{SHORT_OF_MEMORY.format(more=50)}
try:
    api.pipeline_run_post(run)
except ApiException as error:
    print([type(error).__name__, error.status, error.tries, str(error)])
"""
    with Peer() as peer:
        (failed,) = run(body, peer.url, measured=True)
        assert peer.requests == []
    assert failed[:3] == ["ApiConnectionException", 0, 0]
    assert "no memory is left to encode the body" in failed[3]


def test_stream_without_memory_says_so(connect, monkeypatch):
    receive, reader = socket.socket.recv, threading.current_thread()

    def fail(sock, *arguments):
        if threading.current_thread() is reader:
            raise MemoryError
        return receive(sock, *arguments)

    with Peer(send(head_of(200, headers={"Content-Length": 9})), echo) as peer:
        caller = connect(peer)
        response = caller.raw()
        with monkeypatch.context() as patch:
            patch.setattr("socket.socket.recv", fail, raising=False)
            with pytest.raises(ApiConnectionException, match="no memory"):
                response.read()
        assert caller.works()
