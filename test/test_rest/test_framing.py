"""An answer is taken for whole only if nothing leaves a doubt where it begins and ends."""

import socket
import threading

import pytest
from support.caller import within
from support.peers import Peer, echo, head_of, proxy, raw, send, server_tls, then

from gentrace.exceptions import (
    ApiResponseException,
    ApiResponseTooLargeException,
    ApiTimeoutException,
    ServiceException,
)

ID = b'{"pipelineRunId": "run"}'
FORGED = b'{"pipelineRunId": "FORGED"}'
JSON = {"Content-Type": "application/json"}
CHUNKED = JSON | {"Transfer-Encoding": "chunked"}


def sized(body=ID, status=200, **fields):
    return head_of(status, headers=JSON | {"Content-Length": len(body)} | fields) + body


def chunked(data):
    return head_of(200, headers=CHUNKED) + data


def headed(*lines, body=ID):
    """An answer with these lines in its head, before its length."""
    end = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    return b"HTTP/1.1 200 OK\r\n" + b"".join(lines) + end + body


CHUNK = b"18\r\n" + ID + b"\r\n"

DOUBTFUL = {
    # Chunks.
    "size in words": chunked(b"many\r\n" + ID),
    "negative size": chunked(b"-18\r\n" + ID),
    "signed size": chunked(b"+18\r\n" + ID + b"\r\n0\r\n\r\n"),
    "size with a prefix": chunked(b"0x18\r\n" + ID + b"\r\n0\r\n\r\n"),
    "size with an underscore": chunked(b"1_8\r\n" + ID + b"\r\n0\r\n\r\n"),
    "size after a blank": chunked(b" 18\r\n" + ID + b"\r\n0\r\n\r\n"),
    "size of 40 digits": chunked(b"f" * 40 + b"\r\n" + ID),
    "no size": chunked(b"\r\n" + CHUNK),
    "size with words after it": chunked(b"18 bytes\r\n" + ID + b"\r\n0\r\n\r\n"),
    "chunk that is longer than its size": chunked(b"5\r\n" + ID + b"\r\n0\r\n\r\n"),
    "chunk without its line end": chunked(b"18\r\n" + ID + b"0\r\n\r\n"),
    "trailer that is no field": chunked(CHUNK + b"0\r\nno field\r\n\r\n"),
    # Heads.
    "line without a colon": headed(b"no field\r\n"),
    "line without a colon at the end": b"HTTP/1.1 200 OK\r\nContent-Length: 24\r\nX\r\n\r\n" + ID,
    "name with a blank in it": headed(b"X Y: z\r\n"),
    "blank before the colon": headed(b"X : y\r\n"),
    "field without a name": headed(b": y\r\n"),
    "name that is not ASCII": headed(b"X\xe9: y\r\n"),
    "a carriage return alone": headed(b"X: y\rContent-Length: 3\r\n"),
    "value with a NUL": headed(b"X: y\0z\r\n"),
    "a carriage return in the status line": b"HTTP/1.1 200 OK\rContent-Length: 3\r\n\r\n" + ID,
    "a carriage return before the reason": b"HTTP/1.1 200 \rContent-Length: 3\r\n\r\n" + ID,
    "a carriage return after the status": b"HTTP/1.1 200\rContent-Length: 3\r\n\r\n" + ID,
    "two carriage returns after the status": b"HTTP/1.1 200\r\r\nContent-Length: 24\r\n\r\n" + ID,
    "a NUL after the status": b"HTTP/1.1 200\0\r\nContent-Length: 24\r\n\r\n" + ID,
    "a NUL in the status line": b"HTTP/1.1 200 O\0K\r\nContent-Length: 24\r\n\r\n" + ID,
    "a line that goes on with nothing": headed(b" X: y\r\n"),
    # Lengths.
    "length that goes on in the next line": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n 4\r\n\r\n"
    + ID,
    "length in hexadecimal": sized(**{"Content-Length": "0x18"}),
    "empty length": sized(**{"Content-Length": ""}),
    "length beside chunks": head_of(200, headers=CHUNKED | {"Content-Length": 3})
    + CHUNK
    + b"0\r\n\r\n",
    "length after a vertical tab": sized(**{"Content-Length": "\v24"}),
    "length before a no-break space": sized(**{"Content-Length": "24\xa0"}),
    # Codings.
    "chunked after a vertical tab": head_of(200, headers=JSON | {"Transfer-Encoding": "\vchunked"})
    + CHUNK,
    "chunked before a separator": head_of(200, headers=JSON | {"Transfer-Encoding": "chunked\x1f"})
    + CHUNK,
    "coding that is not chunked": head_of(200, headers=JSON | {"Transfer-Encoding": "gzip"}) + ID,
    "coding before chunked": head_of(200, headers=JSON | {"Transfer-Encoding": "gzip, chunked"})
    + CHUNK,
    "chunked twice": head_of(200, headers=[("Transfer-Encoding", "chunked")] * 2) + CHUNK,
    "identity": head_of(200, headers=JSON | {"Transfer-Encoding": "identity"}) + ID,
}


@pytest.mark.parametrize("name", DOUBTFUL)
@pytest.mark.parametrize("stays", [True, False], ids=["stays", "closes"])
def test_doubtful_answer_is_refused_at_once_and_asked_for_once(connect, name, stays):
    """Whether the server then closes the connection or waits, nobody waits for it."""
    step = send(DOUBTFUL[name]) if stays else raw(DOUBTFUL[name])
    with Peer(step, echo) as peer, within(1):
        caller = connect(peer)
        error = caller.fail(ApiResponseException)
        assert (error.status, error.tries) == (200, 1)
        assert error.idempotency_key == peer.requests[0]["Idempotency-Key"]
        assert caller.works()
    assert [request.connection for request in peer.requests] == [0, 1]


def test_doubtful_stream_is_refused_as_it_is_read(connect):
    with Peer(send(chunked(CHUNK + b"zz\r\n")), echo) as peer:
        caller = connect(peer)
        response = caller.raw()
        with pytest.raises(ApiResponseException) as caught:
            response.read()
        assert (caught.value.status, caught.value.headers["Content-Type"]) == (
            200,
            JSON["Content-Type"],
        )
        assert caller.works()


def test_doubtful_answer_has_no_header_fields_of_an_interim_one(connect):
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </early>\r\n\r\n"
    with Peer(send(early + headed(b"no field\r\n"))) as peer:
        error = connect(peer).fail(ApiResponseException)
    assert (error.status, dict(error.headers)) == (200, {})


def test_doubtful_error_is_one_of_its_status(connect):
    with Peer(send(sized(status=503, **{"Content-Length": "1, 2"}))) as peer:
        error = connect(peer).fail(ServiceException)
    assert (error.status, error.tries) == (503, 1)
    assert "not one number: 1, 2" in str(error)


@pytest.mark.parametrize(
    "answer",
    [
        chunked(CHUNK.replace(b"18\r\n", b"018;name=value\r\n") + b"0\r\nX: trailer\r\n\r\n"),
        chunked(b"c \r\n" + ID[:12] + b"\r\nC\r\n" + ID[12:] + b"\r\n0\r\n\r\n"),
        headed(b"X: a\r\n  b\r\n"),
        headed(b"X:\r\n", b"!#$%&'*+-.^_`|~09az: x\r\n"),
        b"HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Length: 24\n\n" + ID,
        head_of(200, headers=JSON | {"Transfer-Encoding": "Chunked"}) + CHUNK + b"0\r\n\r\n",
        sized(**{"Content-Length": " 24 "}),
    ],
    ids=[
        "extension and trailer",
        "capitals",
        "field of two lines",
        "odd names",
        "bare line ends",
        "coding in capitals",
        "length between blanks",
    ],
)
def test_unusual_answer_without_a_doubt_is_read(connect, answer):
    with Peer(send(answer), echo) as peer:
        caller = connect(peer)
        assert caller.post().body["pipelineRunId"] == "run"
        assert caller.works()
    assert peer.connections == 1


@pytest.mark.parametrize("size", [1, 64, 8192, 100_000])
def test_tiny_chunks_of_a_long_stream_are_no_fault(connect, size):
    """Their lines weigh more than the body, but nobody can say that there were none."""
    with Peer(send(head_of(200, headers=CHUNKED), b"1\r\nx\r\n" * size, b"0\r\n\r\n")) as peer:
        assert connect(peer).raw().read() == b"x" * size


def test_lines_between_chunks_are_bounded_whatever_the_body(connect):
    """64 KiB of extension for each byte: the bound of the body would let 256 GiB pass."""
    line = b"1;" + b"x" * 65_000 + b"\r\nx\r\n"

    def endless(talk, _):
        talk.send(head_of(200, headers=CHUNKED))
        while True:
            talk.send(line)

    with Peer(endless, echo) as peer, within(5):
        caller = connect(peer)
        assert caller.fail(ApiResponseTooLargeException).status == 200


# What is left over.


def start_and_rest(first, rest):
    """Send what fits into one segment, and the rest 150 ms later, as if it were a new answer."""

    def answer(talk, _):
        talk.send(first)
        talk.pause(0.15)
        talk.send(rest)

    return answer


FORGERY = sized(FORGED)

SURPLUS = {
    "after a length": sized() + FORGERY,
    "after chunks": chunked(CHUNK + b"0\r\n\r\n") + FORGERY,
    "after no body": b"HTTP/1.1 204 No Content\r\n\r\n" + FORGERY,
    "after an empty body": sized(b"") + FORGERY,
    "in place of no body, with a length": head_of(204, headers={"Content-Length": 5}) + b"x" * 5,
    "in place of no body, in chunks": head_of(204, headers=CHUNKED) + CHUNK + b"0\r\n\r\n",
    "in place of no body, not modified": head_of(304, headers={"Content-Length": 24}) + ID,
}


def padded(size):
    """An answer of so many bytes, as a read may ask for: the rest of its record is left in TLS."""
    head = len(sized(bytes(size))) - size
    return sized(ID.ljust(size - head))


SURPLUS |= {f"after {size} bytes": padded(size) + FORGERY for size in (4096, 8192)}


@pytest.mark.parametrize("name", SURPLUS)
@pytest.mark.parametrize("way", ["plain", "TLS", "TLS in TLS"])
@pytest.mark.parametrize("split", [1, 20, None], ids=["a byte early", "a line early", "at once"])
def test_what_is_left_over_is_nobodys_answer(connect, name, way, split):
    """Whether it comes with the answer, or begins with it and goes on later."""
    answer = SURPLUS[name]
    place = len(answer) - len(FORGERY) if FORGERY in answer else answer.index(b"\r\n\r\n") + 4
    cut = len(answer) if split is None else place + split
    step = start_and_rest(answer[:cut], answer[cut:])
    tls = None if way == "plain" else server_tls()
    with Peer(step, echo, tls=tls) as peer, Peer(proxy(), tls=server_tls()) as through:
        caller = connect(peer, **({"proxy": through.origin} if way == "TLS in TLS" else {}))
        response = caller.client.call_api("/runs", "POST", body=b"{}")
        assert FORGED not in (response.data or b"")
        assert all(caller.works() for _ in range(3))
    assert [request.connection for request in peer.requests] == [0, 1, 1, 1]


def test_answer_to_head_that_announces_a_body_ends_its_connection(connect):
    with Peer(send(head_of(200, headers=JSON | {"Content-Length": 24})), echo) as peer:
        caller = connect(peer)
        assert caller.client.call_api("/runs", "HEAD").status == 200
        assert caller.works()
    assert peer.connections == 2


@pytest.mark.parametrize("status", [101, 204, 304])
def test_answer_without_a_body_is_whole(connect, status):
    with Peer(send(head_of(status)), echo) as peer:
        caller = connect(peer)
        assert caller.client.call_api("/runs", "GET").status == status
        assert caller.works()
    assert peer.connections == (2 if status == 101 else 1)


# TLS that is cut.


def shut(talk, _=None):
    """Close without a goodbye of TLS."""
    socket.socket.shutdown(talk.sock, socket.SHUT_RDWR)
    raise EOFError


def say_goodbye(talk, _=None):
    talk.sock.settimeout(20)
    talk.sock.unwrap()
    raise EOFError


UNBOUNDED = head_of(200, headers=JSON) + ID


@pytest.mark.parametrize("inner", [False, True], ids=["TLS", "TLS in TLS"])
def test_body_that_ends_with_its_connection_must_say_goodbye(connect, inner):
    step = then(send(UNBOUNDED), shut)
    with Peer(step, echo, tls=server_tls()) as peer, Peer(proxy(), tls=server_tls()) as through:
        caller = connect(peer, **({"proxy": through.origin} if inner else {}))
        error = caller.fail(ApiResponseException)
        assert (error.status, error.tries, error.body) == (200, 1, ID)
        assert caller.works()


def test_body_that_ends_with_a_goodbye_is_whole(connect):
    with Peer(then(send(UNBOUNDED), say_goodbye), echo, tls=server_tls()) as peer:
        caller = connect(peer)
        assert caller.post().body["pipelineRunId"] == "run"
        assert caller.works()


@pytest.mark.parametrize("answer", [sized()[:-1], chunked(CHUNK), b"HTTP/1.1 200 OK\r\nX"])
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_answer_that_is_cut_short_is_asked_for_again(connect, answer, tls):
    with Peer(then(send(answer), shut), echo, tls=server_tls() if tls else None) as peer:
        assert connect(peer, retries=1).works()
    assert len(peer.requests) == 2


def test_body_that_ends_with_its_connection_ends_at_the_deadline_too(connect):
    """A plain one looks whole when it is cut."""

    def trickle(talk, _):
        talk.send(UNBOUNDED)
        while not talk.ended:
            talk.send(b" ")
            talk.pause(0.05)

    with Peer(trickle) as peer, within(0.5, least=0.5):
        connect(peer, retries=0).fail(ApiTimeoutException, timeout=0.5)


def test_two_threads_never_see_each_others_surplus(connect):
    barrier = threading.Barrier(4)
    with Peer(send(sized() + FORGERY), send(sized() + FORGERY), echo) as peer:
        caller = connect(peer, retries=0)

        def work():
            barrier.wait(20)
            return [caller.post().body["pipelineRunId"] for _ in range(20)]

        threads = []
        seen = []
        for _ in range(4):
            thread = threading.Thread(target=lambda: seen.extend(work()))
            thread.start()
            threads.append(thread)
        for thread in threads:
            thread.join(30)
    assert len(seen) == 80
    assert "FORGED" not in seen
