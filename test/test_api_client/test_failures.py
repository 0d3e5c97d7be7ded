"""What goes wrong is said by an ApiException."""

import re
import socket

import pytest
from support.caller import TOKEN
from support.peers import Peer, close, echo, head_of, raw, reply, reset

import gentrace.local
from gentrace.exceptions import (
    ApiConnectionException,
    ApiException,
    NotFoundException,
    UnauthorizedException,
)


def test_closed_port_is_told_with_address_and_cause(connect):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    error = connect(f"http://127.0.0.1:{port}/api", retries=0).fail(ApiConnectionException)
    assert error.status == 0
    assert f"127.0.0.1:{port}" in str(error)
    assert "refused" in str(error)
    assert (error.api_response, error.headers, error.body, error.tries) == (None, None, b"", 0)
    assert isinstance(error.__cause__, ConnectionRefusedError)
    assert error.__cause__.__traceback__ is None


@pytest.mark.parametrize(
    ("answer", "says", "is_proxy"),
    [
        (b"\r\n\r\n", "no status line of HTTP: an empty line", False),
        (b"\r\n\r\n", "no status line of HTTP: an empty line", True),
        (b"junk\r\n\r\n", "no status line of HTTP: junk", False),
        (b"junk\r\n\r\n", "no status line of HTTP: junk", True),
        (b"HTTP/2 200 OK\r\n\r\n", "another version of HTTP: 2", False),
    ],
)
def test_answer_that_is_no_http_is_told(connect, answer, says, is_proxy):
    with Peer(greet=raw(answer)) as peer:
        where = {"host": "https://127.0.0.1:1/api", "proxy": peer.origin} if is_proxy else {}
        error = connect(where.pop("host", peer.url), retries=0, **where).fail()
    assert f": it answered with {says}, while " in str(error)
    assert (error.__context__, error.__suppress_context__) == (None, True)


def test_wrong_token_is_told_with_the_remedy(connect):
    with gentrace.local.serve(token="right") as server:  # noqa: S106 - of the test
        error = connect(server.url).fail(UnauthorizedException)
        assert (error.status, error.tries) == (401, 1)
        assert re.search("access_token.*GENTRACE_API_KEY", str(error))
        assert TOKEN not in str(error)
        right = connect(server.url)
        right.configuration.access_token = "right"  # noqa: S105 - of the test
        assert right.post().body["pipelineRunId"]


def test_wrong_path_is_told_with_the_remedy(connect):
    with gentrace.local.serve() as server:
        error = connect(server.url + "/more").fail(NotFoundException)
    assert "Configuration.host" in str(error)


CUT = head_of(200, None, [("Content-Type", "application/json"), ("Content-Length", 100)]) + b'{"a":'
CHUNKED = head_of(
    200, None, [("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")]
)
ZIPPED = head_of(
    200,
    None,
    [("Content-Type", "application/json"), ("Content-Encoding", "gzip"), ("Content-Length", 5)],
)
FAULTS = {
    "cut short": raw(CUT),
    "chunk cut short": raw(CHUNKED + b"50\r\nabc"),
    "no chunk": raw(CHUNKED + b"zz\r\n"),
    "not gzip": raw(ZIPPED + b"abcde"),
}


@pytest.mark.parametrize(
    "step", [close, reset, raw(b"\0" * 100), raw(b"HTTP/1.1 ok\r\n\r\n"), *FAULTS.values()]
)
def test_no_foreign_exception_leaves_a_call(connect, step):
    with Peer(step) as peer:
        caller = connect(peer, retries=0)
        for attempt in (
            caller.post,
            lambda: caller.post(stream=True),
            lambda: caller.post(skip_deserialization=True),
            lambda: caller.client.call_api("/x", "GET"),
        ):
            with pytest.raises(ApiException) as caught:
                attempt()
            assert (caught.value.status, caught.value.tries) in {(0, 1), (200, 1)}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    "read",
    [
        lambda r: r.read(),
        lambda r: r.read(1000),
        lambda r: [r.read1() for _ in range(9)],
        lambda r: r.data,
        lambda r: r.json(),
        lambda r: list(r.stream(7)),
        list,
        lambda r: r.readinto(bytearray(1000)) and r.readinto(bytearray(1000)),
        lambda r: list(r.read_chunked()) if r.chunked else r.read(),
        lambda r: r.readline() and r.readlines(),
    ],
    ids=[
        "read",
        "read n",
        "read1",
        "data",
        "json",
        "stream",
        "lines",
        "readinto",
        "chunks",
        "readline",
    ],
)
def test_no_foreign_exception_leaves_a_raw_answer(connect, fault, read):
    """However it is read; and what it leaves behind does not touch the next call."""
    with Peer(FAULTS[fault], echo) as peer:
        caller = connect(peer)
        with pytest.raises(ApiException):
            read(caller.raw())
        assert caller.works()


def test_raw_answer_that_is_no_json_says_so(connect):
    with Peer(reply(body=b"no JSON")) as peer:
        with pytest.raises(ApiException, match="not JSON") as caught:
            connect(peer).raw().json()
        assert (caught.value.status, caught.value.body) == (200, b"no JSON")
        assert connect(peer).post(skip_deserialization=True).response.data == b"no JSON"
