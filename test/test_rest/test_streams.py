"""Streamed answers: unread until asked for, in constant memory, and never in another call's way."""

import gc
import gzip
import io
import threading
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import urllib3
from support import bombs
from support.peers import (
    PATIENCE,
    Peer,
    echo,
    endless,
    head_of,
    proxy,
    raw,
    reply,
    reset,
    send,
    server_tls,
    stall,
    then,
)

from gentrace.exceptions import (
    ApiConnectionException,
    ApiException,
    ApiResponseException,
    ApiResponseTooLargeException,
    ApiTimeoutException,
    ServiceException,
)

MIB = 1024 * 1024
LARGE = 128 * MIB
PIECE = b"x" * MIB
HALF = head_of(200, headers={"Content-Length": 8}) + b"half"
ID = b'{"pipelineRunId": "run"}'


def sized(talk, _=None):
    talk.send(head_of(200, headers={"Content-Length": LARGE}))
    for _ in range(LARGE // MIB):
        talk.send(PIECE)


def chunked(talk, _=None):
    talk.send(head_of(200, headers={"Transfer-Encoding": "chunked"}))
    for _ in range(LARGE // MIB):
        talk.send(b"%x\r\n%s\r\n" % (MIB, PIECE))
    talk.send(b"0\r\n\r\n")


def packed(talk, _=None):
    talk.send(bombs.packed("many gzip members"))


def read_into(response):
    buffer = bytearray(65536)
    return sum(iter(lambda: response.readinto(buffer), 0))


READERS = {
    "stream": lambda response: sum(map(len, response.stream(65536))),
    "stream, its own pieces": lambda response: sum(map(len, response.stream())),
    "read": lambda response: sum(map(len, iter(lambda: response.read(65536), b""))),
    "read1": lambda response: sum(map(len, iter(lambda: response.read1(65536), b""))),
    "readinto": read_into,
}

SOURCES = {sized: LARGE, chunked: LARGE, packed: 64 * MIB}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.__name__)
def test_stream_needs_constant_memory(connect, source, reader):
    with Peer(source, echo) as peer:
        caller = connect(peer)
        response = caller.raw()
        tracemalloc.start()
        try:
            assert READERS[reader](response) == SOURCES[source]
            assert tracemalloc.get_traced_memory()[1] < 24 * MIB
        finally:
            tracemalloc.stop()
        assert caller.works()
    assert peer.connections == 1


READ_WHOLE = {
    "data": lambda response: response.data,
    "read": lambda response: response.read(),
    "read()": lambda response: response.read(-1) + response.read(),
    "read1": lambda response: b"".join(iter(response.read1, b"")),
    "stream": lambda response: b"".join(response.stream(5)),
    "lines": b"".join,
    "json": lambda response: str(response.json()).replace("'", '"').encode(),
}


@pytest.mark.parametrize("reader", READ_WHOLE)
@pytest.mark.parametrize(
    "answer",
    [
        head_of(200, headers={"Content-Length": len(ID)}) + ID,
        head_of(200, headers={"Transfer-Encoding": "chunked"})
        + b"5\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (ID[:5], len(ID) - 5, ID[5:]),
        head_of(200, headers={"Content-Length": len(gzip.compress(ID)), "Content-Encoding": "gzip"})
        + gzip.compress(ID),
    ],
    ids=["length", "chunks", "gzip"],
)
def test_stream_is_read_as_urllib3_reads_it(connect, answer, reader):
    with Peer(send(answer), echo) as peer:
        caller = connect(peer)
        response = caller.raw()
        assert isinstance(response, urllib3.HTTPResponse)
        assert READ_WHOLE[reader](response) == ID
        assert response.closed
        assert response.read(5) == b""
        assert caller.works()
    assert peer.connections == 1


def test_raw_bytes_of_a_packed_stream_are_had_undecoded(connect):
    data = gzip.compress(ID)
    head = head_of(200, headers={"Content-Length": len(data), "Content-Encoding": "gzip"})
    with Peer(send(head + data)) as peer:
        assert b"".join(connect(peer).raw().stream(7, decode_content=False)) == data


@pytest.mark.parametrize("reader", ["stream", "read_chunked"])
def test_piece_is_had_as_soon_as_it_comes(connect, reader):
    """Such as an event of a server that will send the next one only later."""
    has_come = threading.Event()

    def events(talk, _):
        talk.send(head_of(200, headers={"Transfer-Encoding": "chunked"}), b"3\r\none\r\n")
        if has_come.wait(PATIENCE):
            talk.send(b"3\r\ntwo\r\n0\r\n\r\n")

    with Peer(events, echo) as peer:
        caller = connect(peer)
        pieces = getattr(caller.raw(), reader)(65536)
        assert next(pieces) == b"one"
        has_come.set()
        assert list(pieces) == [b"two"]
        assert caller.works()


def test_decoding_may_be_turned_off_before_the_first_read(connect):
    data = gzip.compress(ID)
    head = head_of(200, headers={"Content-Length": len(data), "Content-Encoding": "gzip"})
    with Peer(send(head + data)) as peer:
        response = connect(peer).raw()
        response.decode_content = False
        assert response.read() == data


@pytest.mark.parametrize("stream", [False, True])
def test_text_wrapper_reads_lines(connect, stream):
    """As urllib3 documents it: with `auto_close = False`, as the wrapper reads after the end."""
    with Peer(reply(200, b"one\ntwo")) as peer:
        arguments = {"stream": stream, "skip_deserialization": True}
        response = connect(peer).post(**arguments).response
        response.auto_close = False
        with io.TextIOWrapper(response) as lines:
            assert list(lines) == (["one\n", "two"] if stream else [])
            assert not response.closed
        assert response.closed


@pytest.mark.parametrize("stream", [False, True])
def test_position_is_how_much_was_read(connect, stream):
    with Peer(reply(200, ID)) as peer:
        response = connect(peer).post(stream=stream, skip_deserialization=True).response
        assert response.data == ID
        assert response.tell() == len(ID)


def test_body_that_was_read_outlives_its_draining(connect):
    with Peer(reply(200, ID)) as peer:
        response = connect(peer).raw()
        assert response.data == ID
        response.drain_conn()
        assert response.data == ID


def test_shutdown_ends_a_read_of_another_thread(connect):
    with Peer(then(send(HALF), stall), echo) as peer:
        caller = connect(peer)
        response = caller.raw(timeout=(PATIENCE, PATIENCE))
        assert response.read(4) == b"half"
        with ThreadPoolExecutor(1) as threads:
            rest = threads.submit(response.read)
            response.shutdown()
            assert isinstance(rest.exception(PATIENCE), ApiConnectionException)
        response.shutdown()
        assert caller.works()


def test_shutdown_of_what_is_gone_or_inside_of_tls_in_tls(connect):
    through_tls = Peer(proxy(), tls=server_tls())
    with (
        Peer(then(send(HALF), reset)) as gone,
        Peer(then(send(HALF), stall), tls=server_tls()) as peer,
        through_tls as through,
    ):
        response = connect(gone).raw()
        gone.wait(lambda: gone.open == 0)
        response.shutdown()
        response = connect(peer, proxy=through.url.removesuffix("/api/v1")).raw(timeout=PATIENCE)
        response.shutdown()
        with pytest.raises(ApiException):
            response.read()


def test_stream_is_not_read_before_it_is_asked_for(connect):
    with Peer(then(send(HALF), stall)) as peer:
        response = connect(peer).raw(timeout=30)
        assert (response.status, response.read(4)) == (200, b"half")


def test_chunks_are_had_one_by_one(connect):
    head = head_of(200, headers={"Transfer-Encoding": "chunked"})
    with Peer(send(head + b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")) as peer:
        assert b"".join(connect(peer).raw().read_chunked()) == b"onetwo"


# Half-read answers.


class StopError(Exception):
    """What a caller raises inside of the block."""


def leave_the_block(caller):
    with caller.post(stream=True, skip_deserialization=True) as answer:
        answer.response.read(4)


def leave_the_block_of_the_response(caller):
    with caller.raw() as response:
        response.read(4)


def raise_inside_of_the_block(caller):
    with suppress(StopError), caller.post(stream=True, skip_deserialization=True) as answer:
        answer.response.read(4)
        raise StopError


def close_it(caller):
    response = caller.raw()
    response.read(4)
    response.close()
    response.close()


def close_the_answer(caller):
    answer = caller.post(stream=True, skip_deserialization=True)
    answer.response.read(4)
    answer.close()


def release_it(caller):
    response = caller.raw()
    response.read(4)
    response.release_conn()
    response.release_conn()


def release_it_unread(caller):
    caller.raw().release_conn()


def drop_it(caller):
    response = caller.raw()
    response.read(4)
    del response
    gc.collect()


def drop_its_generator(caller):
    next(caller.raw().stream(4))
    gc.collect()


def drop_it_in_a_cycle(caller):
    response = caller.raw()
    response.itself = response
    del response
    gc.collect()


def fail_on_it(caller):
    response = caller.raw(timeout=(5, 0.3))
    with pytest.raises(ApiTimeoutException):
        response.read()


ENDINGS = [
    leave_the_block,
    leave_the_block_of_the_response,
    raise_inside_of_the_block,
    close_it,
    close_the_answer,
    release_it,
    release_it_unread,
    drop_it,
    drop_its_generator,
    drop_it_in_a_cycle,
    fail_on_it,
]

UNFINISHED = {
    "length": HALF,
    "chunks": head_of(200, headers={"Transfer-Encoding": "chunked"}) + b"8\r\nhalf",
    "until it closes": head_of(200) + b"half",
}


@pytest.mark.parametrize("end", ENDINGS, ids=lambda end: end.__name__)
@pytest.mark.parametrize("answer", UNFINISHED)
def test_half_read_answer_frees_its_socket_and_is_in_nobodys_way(connect, answer, end):
    """urllib3's `release_conn` would give the next call the rest of this one."""
    with Peer(then(send(UNFINISHED[answer]), stall), echo) as peer:
        caller = connect(peer, connection_pool_maxsize=1)
        end(caller)
        peer.wait(lambda: peer.open == 0)
        assert caller.works()
    assert [request.connection for request in peer.requests] == [0, 1]


@pytest.mark.parametrize("end", ENDINGS[:-1], ids=lambda end: end.__name__)
def test_half_read_answer_under_tls_and_through_a_proxy_frees_its_socket(connect, end):
    with (
        Peer(then(send(HALF), stall), echo, tls=server_tls()) as peer,
        Peer(proxy(), tls=server_tls()) as between,
    ):
        caller = connect(peer, connection_pool_maxsize=1, proxy=between.origin)
        end(caller)
        peer.wait(lambda: peer.open == between.open == 0)
        assert caller.works()
    assert peer.connections == between.connections == 2


def test_client_that_is_closed_leaves_a_stream_to_its_reader(connect):
    with Peer(reply(200, ID)) as peer:
        caller = connect(peer)
        response = caller.raw()
        caller.client.close()
        assert response.read() == ID
        peer.wait(lambda: peer.open == 0)


def test_response_that_was_read_does_not_free_what_another_call_uses(connect):
    with Peer(
        reply(200, ID), then(send(HALF), lambda talk, _: talk.pause(0.3), send(b"half"))
    ) as peer:
        caller = connect(peer)
        first = caller.raw()
        first.read()
        second = caller.raw()
        first.close()
        first.release_conn()
        del first
        gc.collect()
        assert second.read() == b"halfhalf"
    assert peer.connections == 1


def test_drained_answer_is_used_again(connect):
    with Peer(reply(200, ID), echo) as peer:
        caller = connect(peer)
        caller.raw().drain_conn()
        assert caller.works()
    assert peer.connections == 1


# Faults while streaming.


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


# What `stream` alone means.


def test_deserialized_stream_is_the_documented_answer(connect):
    with Peer(reply(200, ID), echo) as peer:
        caller = connect(peer)
        with caller.post(stream=True) as answer:
            assert answer.body["pipelineRunId"] == "run"
            assert answer.response.data == ID
        assert caller.works()
    assert peer.connections == 1


def test_deserialized_stream_is_bounded(connect):
    with Peer(
        endless(head_of(200, headers={"Content-Type": "application/json"}), PIECE), echo
    ) as peer:
        caller = connect(peer)
        error = caller.fail(ApiResponseTooLargeException, stream=True)
        assert (error.status, len(error.body)) == (200, 4 * MIB)
        assert caller.works()


@pytest.mark.parametrize("skip", [False, True])
def test_error_is_an_exception_of_its_status_though_it_was_to_be_streamed(connect, skip):
    with Peer(reply(500, b"sorry"), reply(200, ID)) as peer:
        caller = connect(peer, retries=0)
        error = caller.fail(ServiceException, stream=True, skip_deserialization=skip)
        assert (error.status, error.body) == (500, b"sorry")
        assert caller.post()
    assert peer.connections == 1


def test_raw_answer_that_is_not_streamed_is_read(connect):
    with Peer(reply(200, b"no json")) as peer:
        answer = connect(peer).post(skip_deserialization=True)
    assert answer.response.data == b"no json"
    assert answer.response.closed


def test_raw_answer_that_is_not_streamed_is_bounded(connect):
    with Peer(reply(200, b"x" * 101)) as peer:
        connect(peer, max_response_body=100).fail(
            ApiResponseTooLargeException, skip_deserialization=True
        )
        assert connect(peer, max_response_body=100).raw().read() == b"x" * 101


def test_stream_tells_where_it_comes_from(connect):
    with Peer() as peer:
        response = connect(peer).raw()
        assert response.connection.sock.fileno() == response.fileno()
        response.read()
        assert response.connection is None


@pytest.mark.parametrize("coding", [None, "chunked"])
def test_stream_is_read_into_a_buffer(connect, coding):
    fields = {"Transfer-Encoding": coding} if coding else {"Content-Length": len(ID)}
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(ID), ID) if coding else ID
    with Peer(send(head_of(200, headers=fields) + body)) as peer:
        buffer = bytearray(len(ID))
        assert connect(peer).raw().readinto(buffer) == len(ID)
    assert buffer == ID
