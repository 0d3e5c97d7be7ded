"""Streamed answers: unread until asked for, in constant memory, and never in another call's way."""

import gzip
import io
import sys
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
import urllib3
from support import bombs
from support.peers import (
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
from support.readers import READERS
from support.waiting import PATIENCE

from gentrace.exceptions import (
    ApiConnectionException,
    ApiException,
    ApiResponseException,
    ApiResponseTooLargeException,
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


@pytest.mark.parametrize("status", [200, 204])
def test_empty_body_is_read_as_an_empty_file(connect, status):
    with Peer(send(head_of(status, headers={"Content-Length": 0})), echo) as peer:
        caller = connect(peer)
        response = caller.client.call_api("/runs", "GET", stream=True)
        assert io.BufferedReader(response).read() == b""
        assert response.closed
        assert caller.works()
    assert peer.connections == 1


UNREAD = {
    "sized": head_of(200, headers={"Content-Length": len(ID)}) + ID,
    "chunked": head_of(200, headers={"Transfer-Encoding": "chunked"})
    + b"%x\r\n%s\r\n0\r\n\r\n" % (len(ID), ID),
    "unbounded": head_of(200) + ID,
}


@pytest.mark.parametrize("body", UNREAD)
@pytest.mark.parametrize("read", [lambda r: r.read(), lambda r: r.data, lambda r: list(r.stream())])
def test_body_that_was_closed_half_read_does_not_look_like_a_whole_one(connect, body, read):
    """Such as by another thread, between two reads."""
    with Peer(raw(UNREAD[body])) as peer:
        response = connect(peer).raw()
        assert response.read(4) == ID[:4]
        response.close()
        with pytest.raises(ApiResponseException, match="closed before the end of its body"):
            read(response)


@pytest.mark.parametrize("body", UNREAD)
def test_body_that_was_read_to_its_end_stays_at_its_end_when_closed(connect, body):
    with Peer(raw(UNREAD[body])) as peer:
        response = connect(peer).raw()
        assert response.read() == ID
        response.close()
        assert response.read() == b""


def test_two_threads_may_close_a_response_at_once(connect):
    """The other one closes it at any line of the transport's, and of http.client's."""
    tracing = sys.gettrace()
    with Peer(raw(UNREAD["sized"])) as peer:
        caller = connect(peer)
        for lines in count():
            response = caller.raw()
            left = [response.close] * (lines + 1)

            def trace(frame, event, _, left=left):
                if not frame.f_code.co_filename.endswith(("framing.py", "client.py")):
                    return None
                if event == "line" and left:
                    close = left.pop()
                    if not left:
                        close()
                return trace

            try:
                sys.settrace(trace)
                response.close()
            finally:
                sys.settrace(tracing)
            assert response.closed
            if left:
                break
    assert lines > 3


@pytest.mark.parametrize("stream", [False, True])
def test_position_is_how_much_was_read(connect, stream):
    with Peer(reply(200, ID)) as peer:
        response = connect(peer).post(stream=stream, skip_deserialization=True).response
        assert response.data == ID
        assert response.tell() == len(ID)
        assert response.length_remaining in {None, 0}


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


# What `stream` alone means.


def test_deserialized_stream_is_the_documented_answer(connect):
    with Peer(reply(200, ID), echo) as peer:
        caller = connect(peer)
        with caller.post(stream=True) as answer:
            assert answer.body["pipelineRunId"] == "run"
            assert answer.response.data == ID
        assert caller.works()
    assert peer.connections == 1


@pytest.mark.parametrize("settings", [{}, {"stream": True}, {"skip_deserialization": True}])
def test_body_that_is_cut_short_is_retried_unless_it_is_left_unread(connect, settings):
    with Peer(raw(head_of(200, headers={"Content-Length": 99}) + b"{"), reply(200, ID)) as peer:
        answer = connect(peer, retries=1).post(**settings)
        assert answer.response.data == ID
        assert len(peer.requests) == 2


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


def test_raw_answer_works_in_a_with_block_however_it_was_asked_for(connect):
    """Also where it was read already, and counts as closed as a file."""
    with Peer(*[reply(200, ID)] * 4, reply(400, b"no"), reply(400, b"no"), echo) as peer:
        caller = connect(peer)
        answers = [
            caller.client.call_api("/x", "GET"),
            caller.post().response,
            caller.post(skip_deserialization=True).response,
            caller.raw(),
            caller.fail().api_response.response,
            caller.client.call_api("/x", "GET", stream=True),
        ]
        for answer, body in zip(answers, [ID] * 4 + [b"no"] * 2, strict=True):
            with answer as entered:
                assert entered is answer
                assert entered.data == body
            assert answer.closed
        assert caller.works()


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


def test_length_remaining_goes_down_as_the_body_is_read(connect):
    with Peer(reply(200, b"x" * 10)) as peer, connect(peer).raw() as response:
        assert response.length_remaining == 10
        response.read(4)
        assert response.length_remaining == 6
        response.read()
        assert response.length_remaining == 0
