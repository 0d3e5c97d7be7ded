"""What goes wrong while a stream is read is an exception of the call."""

import gzip
import sys
import zlib

import pytest
from support.peers import Peer, echo, head_of, raw, reply, reset, send, stall, then
from support.readers import READERS
from support.waiting import PATIENCE

from gentrace.exceptions import (
    ApiConnectionException,
    ApiException,
    ApiResponseException,
    ApiTimeoutException,
)

MIB = 1024 * 1024
HALF = head_of(200, headers={"Content-Length": 8}) + b"half"
ID = b'{"pipelineRunId": "run"}'


READ_WHOLE = {
    "data": lambda response: response.data,
    "read": lambda response: response.read(),
    "read()": lambda response: response.read(-1) + response.read(),
    "read1": lambda response: b"".join(iter(response.read1, b"")),
    "stream": lambda response: b"".join(response.stream(5)),
    "lines": b"".join,
    "json": lambda response: str(response.json()).replace("'", '"').encode(),
}

UNFINISHED = {
    "length": HALF,
    "chunks": head_of(200, headers={"Transfer-Encoding": "chunked"}) + b"8\r\nhalf",
    "until it closes": head_of(200) + b"half",
}


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (raw(HALF), ApiConnectionException),
        (then(send(HALF), reset), ApiConnectionException),
        (raw(UNFINISHED["chunks"]), ApiConnectionException),
        (then(send(HALF), stall), ApiTimeoutException),
    ],
    ids=["cut short", "reset", "chunks cut short", "stall"],
)
@pytest.mark.parametrize("reader", [*READERS, "data"])
def test_what_breaks_a_stream_is_an_exception_of_the_call(connect, fault, kind, reader):
    with Peer(fault, echo) as peer:
        caller = connect(peer)
        response = caller.raw(timeout=(5, 1), idempotency_key="the key")
        with pytest.raises(ApiException) as caught:
            (READERS | READ_WHOLE)[reader](response)
        error = caught.value
        assert type(error) is kind
        assert (error.status, error.idempotency_key, error.tries) == (0, "the key", 1)
        assert caller.works()


def test_an_answer_that_cannot_be_unpacked_keeps_its_status_where_its_rest_does_not_come(connect):
    """However long the server holds the connection: the run was stored."""
    fields = {"Content-Type": "application/json", "Content-Length": 99, "Content-Encoding": "gzip"}
    with Peer(then(send(head_of(200, headers=fields) + b"no gzip"), stall), echo) as peer:
        caller = connect(peer, timeout=30)
        with pytest.raises(ApiException) as caught:
            caller.post()
        assert (caught.value.status, caught.value.body, caught.value.tries) == (200, b"no gzip", 1)
        assert caught.value.api_response.response.status == 200
        assert caller.works()


@pytest.mark.parametrize("reader", ["read", "stream", "readinto", "data"])
def test_stream_with_a_broken_encoding_is_an_exception_of_the_call(connect, reader):
    head = head_of(200, headers={"Content-Length": 7, "Content-Encoding": "gzip"})
    with Peer(send(head + b"no gzip"), echo) as peer:
        caller = connect(peer)
        response = caller.raw()
        with pytest.raises(ApiException) as caught:
            (READERS | READ_WHOLE)[reader](response)
        assert caught.value.status == 200
        assert caller.works()


ENCODE = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "gzip, deflate": lambda data: zlib.compress(gzip.compress(data)),
}


@pytest.mark.parametrize("reader", ["read", "read1", "stream", "readinto", "data"])
@pytest.mark.parametrize("encoding", ENCODE)
def test_packed_stream_that_breaks_off_is_an_exception_with_what_came(connect, encoding, reader):
    """Its length is right, but what it unpacks to has no end."""
    data = ENCODE[encoding](ID * 100)[:-9]
    head = head_of(200, headers={"Content-Length": len(data), "Content-Encoding": encoding})
    with Peer(send(head + data), echo) as peer:
        caller = connect(peer)
        response = caller.raw()
        with pytest.raises(ApiResponseException, match="breaks off") as caught:
            (READERS | READ_WHOLE)[reader](response)
        assert caught.value.status == 200
        assert caught.value.body in ID * 100
        assert caller.works()
    assert peer.connections == 1


@pytest.mark.parametrize("size", [5, 16_384, 32_768, 65_536])
@pytest.mark.parametrize("encoding", ["gzip", "gzip, deflate"])
def test_members_that_end_where_a_read_does_are_all_read(connect, size, encoding):
    """urllib3 2.8 loses what comes after them."""
    body = b'{"pipelineRunId": "%s"}' % (b"x" * 200_000)
    members = b"".join(gzip.compress(body[i : i + size]) for i in range(0, len(body), size))
    if encoding != "gzip":
        members = zlib.compress(members)
    fields = {"Content-Type": "application/json", "Content-Encoding": encoding}
    head = head_of(200, headers=fields | {"Content-Length": len(members)})
    with Peer(send(head + members)) as peer:
        caller = connect(peer)
        assert caller.post().response.data == body
        assert b"".join(caller.raw().stream(5 * size)) == body
        response = caller.raw()
        assert b"".join(iter(lambda: response.read(4096), b"")) == body


@pytest.mark.parametrize("rest", [b"\n", b"\0", b"\0" * 100, b"junk"])
def test_what_follows_a_packed_body_is_no_part_of_it(connect, rest):
    data = gzip.compress(ID) + rest
    fields = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    with Peer(send(head_of(200, headers=fields | {"Content-Length": len(data)}) + data)) as peer:
        caller = connect(peer)
        assert caller.post().response.data == ID
        assert caller.raw().read() == ID


def test_second_member_that_breaks_off_is_told(connect):
    for cut in (1, 5, 12):
        data = gzip.compress(ID) + gzip.compress(b" " * 99)[:cut]
        head = head_of(200, headers={"Content-Encoding": "gzip", "Content-Length": len(data)})
        with Peer(send(head + data)) as peer, pytest.raises(ApiResponseException, match="breaks"):
            connect(peer).raw().read()


def test_failed_json_leaves_the_body_as_it_came(connect):
    body = b"no json, but token-of-a-test"
    with Peer(reply(200, body)) as peer:
        response = connect(peer).post(skip_deserialization=True).response
        with pytest.raises(ApiException) as caught:
            response.json()
    assert caught.value.body == b"no json, but ***"
    assert response.data == body


@pytest.mark.parametrize("stream", [False, True])
def test_empty_body_that_is_said_to_be_packed_is_whole(connect, stream):
    head = head_of(200, headers={"Content-Length": 0, "Content-Encoding": "gzip"})
    with Peer(send(head)) as peer:
        response = connect(peer).post(stream=stream, skip_deserialization=True).response
        assert response.data == b""


HUGE = [
    head_of(200, headers={"Content-Length": 2**62}),
    head_of(200, headers={"Content-Length": 10**19}),
    head_of(200, headers={"Content-Length": 2**46}),
    head_of(200, headers={"Transfer-Encoding": "chunked"}) + b"F" * 20 + b"\r\n",
]


@pytest.mark.parametrize("head", HUGE, ids=["index", "beyond", "memory", "chunk"])
@pytest.mark.parametrize("reader", ["read", "data", "json"])
def test_length_beyond_all_memory_is_an_exception_of_the_call(connect, head, reader):
    """Nothing is set aside for what a server only announces."""
    readers = {"read": lambda response: response.read()} | READ_WHOLE
    with Peer(then(send(head + ID), stall), echo) as peer:
        caller = connect(peer)
        response = caller.raw(timeout=(PATIENCE, 1))
        with pytest.raises((ApiTimeoutException, ApiResponseException)):
            readers[reader](response)
        assert caller.works()


def test_packed_stream_whose_sum_is_wrong_fails_at_its_end(connect):
    data = gzip.compress(b" " * MIB)[:-8] + bytes(8)
    head = head_of(200, headers={"Content-Length": len(data), "Content-Encoding": "gzip"})
    with Peer(send(head + data), echo) as peer:
        caller = connect(peer)
        response = caller.raw()
        pieces = []
        with pytest.raises(ApiException) as caught:
            pieces.extend(response.stream(65536))
        assert caught.value.status == 200
        assert caller.works()


def test_response_shows_no_secret_and_has_what_urllib3_gives_it(connect):
    fields = {"Set-Cookie": "session=secret", "X-Kept": "shown"}
    with Peer(reply(200, ID, fields)) as peer, connect(peer).raw() as response:
        assert response.headers["Set-Cookie"] == "session=secret"
        assert "secret" not in repr(response.headers)
        assert "shown" in repr(response.headers)
        assert response.getheader("x-kept") == "shown"
        assert not hasattr(response, "nothing")


def test_json_of_a_stream_that_is_none_is_an_exception_of_the_call(connect):
    with Peer(reply(200, b"no json"), reply(200, b"[" * 200_000)) as peer:
        caller = connect(peer)
        for _ in range(2):
            response = caller.raw()
            with pytest.raises(ApiException) as caught:
                response.json()
            assert caught.value.status == 200


@pytest.mark.parametrize(
    "body",
    [b"[" * 200_000, b"[" * 201 + b"]" * 201, b"1" * 4301, b"NaN"],
    ids=["endless", "deep", "digits", "NaN"],
)
def test_json_of_a_raw_response_has_the_limits_of_a_parsed_one(connect, body):
    """Whatever the limits of the interpreter are: the first body would end the process."""
    with Peer(reply(200, body)) as peer:
        response = connect(peer).raw()
        assert response.data == body
    depth, digits = sys.getrecursionlimit(), sys.get_int_max_str_digits()
    sys.setrecursionlimit(10**6)
    sys.set_int_max_str_digits(0)
    try:
        with pytest.raises(ApiException, match="not JSON") as caught:
            response.json()
    finally:
        sys.setrecursionlimit(depth)
        sys.set_int_max_str_digits(digits)
    assert caught.value.status == 200
