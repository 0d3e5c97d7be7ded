"""What a tool puts in place of urllib3's: answers from a cassette, connections of its own."""

import gzip
import socket
import threading
from io import BytesIO

import pytest
import urllib3
from support.peers import Peer
from urllib3.connection import HTTPConnection

from gentrace.exceptions import ApiResponseTooLargeException, ApiTimeoutException

BODY = b'{"pipelineRunId": "recorded"}'
FIELDS = {"Content-Type": "application/json"}


class Recorded:
    """An answer that is none of urllib3, as those of a cassette are."""

    status, reason, version, version_string, headers = 200, None, None, None, FIELDS
    closed = False

    def __init__(self):
        self._content = BytesIO(BODY)

    @property
    def length_remaining(self):
        return len(BODY) - self._content.tell()

    def read(self, size):
        return self._content.read(size)

    def close(self):
        self.closed = True


class Late(Recorded):
    """One that ends when the time of the call is up, and says no length."""

    length_remaining = None

    def read(self, _size):
        threading.Event().wait(0.8)
        return b""


class Slow(Late):
    """One that never ends."""

    def read(self, size):
        return super().read(size) or b" "


class ToolSocket(socket.socket):
    """A socket whose `makefile` names its arguments as that of Mocket does."""

    def makefile(self, mode="r", bufsize=-1):
        return super().makefile(mode, bufsize)


@pytest.fixture
def answer_with(monkeypatch):
    """Have each request answered by an object."""

    def put(answer):
        monkeypatch.setattr(urllib3.HTTPConnectionPool, "urlopen", lambda *_, **__: answer)
        return answer

    return put


def test_body_of_any_size_is_handed_over_as_bytes(connect, monkeypatch):
    """As tools look at it."""
    seen = []
    urlopen = urllib3.HTTPConnectionPool.urlopen

    def look(pool, method, url, body=None, **keywords):
        seen.append(body)
        return urlopen(pool, method, url, body, **keywords)

    monkeypatch.setattr(urllib3.HTTPConnectionPool, "urlopen", look)
    with Peer() as peer:
        connect(peer).client.call_api("/x", "POST", body=b"x" * 1_000_000)
        assert seen == [peer.requests[0].body] == [b"x" * 1_000_000]


def test_answer_of_urllib3_is_read(connect, answer_with):
    answer_with(urllib3.HTTPResponse(BytesIO(BODY), FIELDS, 200, preload_content=False))
    answer = connect("http://127.0.0.1:1").post()
    assert answer.body["pipelineRunId"] == "recorded"
    assert answer.response.tries == 1


def test_answer_of_urllib3_that_is_closed_half_read_releases_its_connection(connect, answer_with):
    released = []

    class Releasing(urllib3.HTTPResponse):
        def release_conn(self):
            released.append(self)

    answer = answer_with(Releasing(BytesIO(BODY), FIELDS, 200, preload_content=False))
    with connect("http://127.0.0.1:1").client.call_api("/x", "GET", stream=True) as response:
        assert response.read(1) == BODY[:1]
        released.clear()
    assert answer.closed
    assert released


@pytest.mark.parametrize("make", [bytes, bytes.decode, BytesIO])
@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("packed", [{}, {"Content-Encoding": "gzip"}], ids=["", "packed"])
def test_answer_that_was_loaded_as_it_was_made_is_read(connect, answer_with, make, status, packed):
    """As tests make answers: urllib3 loads the body, and unpacks it, unless it is told not to."""
    body = gzip.compress(BODY) if packed and make is BytesIO else BODY
    answer_with(urllib3.HTTPResponse(make(body), FIELDS | packed, status))
    caller = connect("http://127.0.0.1:1", retries=0)
    if status == 200:
        assert caller.post().body["pipelineRunId"] == "recorded"
    else:
        assert caller.fail().body == BODY


def test_empty_answer_that_was_loaded_is_read(connect, answer_with):
    answer_with(urllib3.HTTPResponse(None, FIELDS, 503))
    assert connect("http://127.0.0.1:1", retries=0).fail().body == b""


def test_large_answer_that_was_loaded_is_read_to_its_end(connect, answer_with):
    answer_with(urllib3.HTTPResponse(b" " * 100_000 + BODY, FIELDS, 200))
    assert connect("http://127.0.0.1:1").post().body["pipelineRunId"] == "recorded"


class Packed(Recorded):
    """One that names a packing; the cassette may hold it unpacked."""

    headers = FIELDS | {"Content-Encoding": "gzip"}

    def __init__(self, content):
        super().__init__()
        self._content = BytesIO(content)
        self.size = len(content)

    @property
    def length_remaining(self):
        return self.size - self._content.tell()


@pytest.mark.parametrize("content", [BODY, gzip.compress(BODY)], ids=["unpacked", "packed"])
def test_answer_that_a_tool_may_have_unpacked_is_read(connect, answer_with, content):
    answer_with(Packed(content))
    answer = connect("http://127.0.0.1:1").raw()
    assert not answer.closed
    assert (answer.read(), answer.tell()) == (BODY, len(content))


def test_answer_that_is_none_of_urllib3_is_read_and_let_go(connect, answer_with):
    answer = answer_with(Recorded())
    response = connect("http://127.0.0.1:1").raw()
    assert response.length_remaining == len(BODY)
    assert (response.read(), response.tell()) == (BODY, len(BODY))
    assert answer.closed


def test_answer_that_is_none_of_urllib3_takes_no_slot_for_good(connect, monkeypatch):
    """As it need not release its connection."""

    class Replaying(HTTPConnection):
        def connect(self):
            pass

        def request(self, *_, **__):
            pass

        def getresponse(self):
            return Recorded()

    monkeypatch.setattr(urllib3.HTTPConnectionPool, "ConnectionCls", Replaying)
    caller = connect("http://127.0.0.1:1", connection_pool_maxsize=1)
    assert [caller.post().body["pipelineRunId"] for _ in range(3)] == ["recorded"] * 3


@pytest.mark.parametrize(("reason", "text"), [(None, "(503): "), ("Too busy", "(503) Too busy: ")])
def test_answer_of_a_tool_is_an_error_with_its_reason(connect, answer_with, reason, text):
    answer = answer_with(Recorded())
    answer.status, answer.reason = 503, reason
    assert str(connect("http://127.0.0.1:1", retries=0).fail()).startswith(text)


def test_rest_of_an_answer_that_nobody_wants_is_read(connect, answer_with):
    answer = answer_with(Recorded())
    connect("http://127.0.0.1:1").raw().drain_conn()
    assert answer.length_remaining == 0
    assert answer.closed


def test_bound_holds_for_an_answer_of_a_tool(connect, answer_with):
    answer_with(Recorded())
    caller = connect("http://127.0.0.1:1", max_response_body=9)
    assert caller.fail(ApiResponseTooLargeException).body == BODY[:9]


def test_deadline_holds_for_an_answer_of_a_tool(connect, answer_with):
    answer_with(Late())
    connect("http://127.0.0.1:1").fail(ApiTimeoutException, timeout=0.6)
    answer_with(Slow())
    connect("http://127.0.0.1:1").fail(ApiTimeoutException, timeout=0.6)


def test_answer_of_a_tool_is_open_until_it_is_read(answer_with, connect):
    answer_with(Recorded())
    answer = connect("http://127.0.0.1:1").raw()
    assert not answer.closed
    assert answer.read() == BODY


def test_connection_of_a_tool_is_used_for_as_long_as_it_stays(connect, monkeypatch):
    """It gets exact strings as header fields: a cassette writes no others."""
    seen = []

    class Recording(HTTPConnection):
        def request(self, *args, headers, **keywords):
            seen.extend([*headers, *headers.values()])
            super().request(*args, headers=headers, **keywords)

    with Peer() as peer:
        caller = connect(peer)
        assert caller.works()
        with monkeypatch.context() as patch:
            patch.setattr(urllib3.HTTPConnectionPool, "ConnectionCls", Recording)
            assert caller.works()
        assert "Authorization" in seen
        assert {type(text) for text in seen} == {str}
        seen.clear()
        assert caller.works()
    assert not seen


def test_socket_of_a_tool_names_the_arguments_of_makefile_as_it_likes(connect, monkeypatch):
    monkeypatch.setattr(socket, "socket", ToolSocket)
    with Peer() as peer:
        assert connect(peer).works()
