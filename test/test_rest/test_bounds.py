"""Answers that are too large or cannot be read: bounded, and the next call works."""

import gzip
import zlib

import pytest
from support import bombs
from support.caller import TOKEN, within
from support.peers import Peer, echo, endless, head_of, raw, reply, reset, send, then
from support.whole_answers import CHUNKED, ID, JSON, chunked, sized

from gentrace.api_client import ApiResponseWithoutDeserialization
from gentrace.exceptions import (
    ApiConnectionException,
    ApiResponseException,
    ApiResponseTooLargeException,
    BadRequestException,
    ServiceException,
)

MIB = 1024 * 1024
BOUND = 4 * MIB


# Bodies.


@pytest.mark.parametrize("name", bombs.PACKED)
@pytest.mark.parametrize("stream", [False, True], ids=["read", "in pieces"])
def test_bomb_does_not_go_off(connect, name, stream):
    """As in CVE-2025-66471 and CVE-2025-66418 of urllib3."""
    with Peer(send(bombs.packed(name)), echo) as peer:
        caller = connect(peer)
        with pytest.raises(ApiResponseException) as caught:
            caller.post(stream=stream)
        assert (caught.value.status, caught.value.tries) == (200, 1)
        assert len(caught.value.body) <= BOUND
        assert caller.works()
    if name in {"gzip", "deflate", "deflate without header", "many gzip members"}:
        assert type(caught.value) is ApiResponseTooLargeException
        assert caught.value.body == b" " * BOUND
        assert "max_response_body" in str(caught.value)


@pytest.mark.parametrize("name", ["gzip", "many gzip members"])
def test_bomb_in_an_error_does_not_go_off(connect, name):
    with Peer(send(bombs.packed(name, 400)), echo) as peer:
        caller = connect(peer)
        error = caller.fail(ApiResponseTooLargeException)
        assert (error.status, len(error.body), error.tries) == (400, BOUND, 1)
        assert caller.works()


def test_bomb_in_an_answer_that_is_retried_is_not_unpacked(connect):
    """As in CVE-2026-21441 and CVE-2026-44432 of urllib3, which drain what they do not return."""
    with Peer(send(bombs.packed("two encodings", 503)), echo) as peer, within(3):
        assert connect(peer).works()


def test_body_at_the_bound_passes_and_one_byte_more_does_not(connect):
    whole = ID + b" " * (1000 - len(ID))
    for length in (1000, 1001):
        body = whole + b" " * (length - 1000)
        plain = (sized(body), chunked(b"%x\r\n%s\r\n0\r\n\r\n" % (length, body)))
        closed = head_of(200, headers=JSON) + body
        packed = sized(gzip.compress(body), Content_Encoding="gzip")
        with Peer(*map(send, (*plain, packed)), raw(closed)) as peer:
            caller = connect(peer, max_response_body=1000, retries=0)
            for _ in range(4):
                if length == 1000:
                    assert caller.post().response.data == body
                else:
                    error = caller.fail(ApiResponseTooLargeException)
                    assert (error.status, error.body) == (200, whole)
                    assert error.api_response.response.data == whole


def test_bound_of_a_configuration_acts_from_the_next_call_on(connect):
    with Peer(reply(200, ID)) as peer:
        caller = connect(peer, max_response_body=10)
        caller.fail(ApiResponseTooLargeException)
        caller.configuration.max_response_body = 100
        assert caller.post()


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize(
    "step",
    [
        endless(head_of(200, headers=JSON), b"x" * 65536),
        endless(head_of(200, headers=CHUNKED), b"ffff\r\n" + b"x" * 65535 + b"\r\n"),
        endless(head_of(200, headers=JSON | {"Content-Length": 2**50}), b"x" * 65536),
    ],
    ids=["until it closes", "in chunks", "by its length"],
)
def test_endless_body_is_read_up_to_the_bound(connect, step, skip):
    """As in CVE-2025-13836 of http.client, which reads what the length says."""
    with Peer(step, echo) as peer:
        caller = connect(peer)
        error = caller.fail(ApiResponseTooLargeException, skip_deserialization=skip)
        assert (error.status, error.body, error.tries) == (200, b"x" * BOUND, 1)
        assert caller.works()


def test_large_length_of_a_body_that_breaks_off_costs_no_memory(connect):
    with Peer(raw(head_of(200, headers=JSON | {"Content-Length": 2**40}) + b"part")) as peer:
        error = connect(peer, retries=0).fail(ApiConnectionException)
    assert (error.status, error.body) == (0, b"part")


# Values.


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"[" * 200_000 + b"]" * 200_000, "deep"),
        (b'{"a":' * 200_000 + b"1" + b"}" * 200_000, "deep"),
        (b'{"a": ' + b"9" * 10_000 + b"}", ""),
        (b"[" * 200_000, ""),
        (b"", "JSON"),
        (b"no json", "JSON"),
        (b'{"pipelineRunId": "\xff"}', "UTF-8"),
        (b'{"pipelineRunId": NaN}', ""),
        (b'{"pipelineRunId": 5}', "$.pipelineRunId"),
        (b"[]", ""),
        (b"{}{}", "JSON"),
    ],
    ids=lambda value: value[:12].decode("latin-1") if isinstance(value, bytes) else value,
)
def test_unreadable_body_of_a_stored_run_is_kept_whole(connect, body, says):
    with Peer(reply(200, body), echo) as peer:
        caller = connect(peer)
        error = caller.fail(ApiResponseException)
        assert (error.status, error.tries, error.body) == (200, 1, body)
        assert error.api_response.response.data == body
        assert says in str(error)
        assert caller.works()


@pytest.mark.parametrize("media", ["text/html", "application/json-seq", "", "application/xml"])
def test_body_of_another_media_type_is_kept_whole(connect, media):
    with Peer(reply(200, ID, content_type=media)) as peer:
        error = connect(peer).fail(ApiResponseException)
    assert (error.status, error.body) == (200, ID)


def compress_times(count):
    body = ID
    for _ in range(count):
        body = gzip.compress(body)
    return body


def deflate_without_header(body):
    """As some servers do; by chance it begins with a multiple of 31, as a header does."""
    packer = zlib.compressobj(0, wbits=-zlib.MAX_WBITS)
    packed = packer.compress(body) + packer.flush()
    assert int.from_bytes(packed[:2]) % 31 == 0
    return packed


BROKEN = {
    "no gzip": ("gzip", b"no gzip"),
    "gzip with a wrong sum": ("gzip", gzip.compress(ID)[:-9] + bytes(9)),
    "no deflate": ("deflate", b"no deflate"),
    "no brotli": ("br", b"no brotli \xff\xff"),
    "neither gzip nor deflate": ("gzip, deflate", b"neither"),
    "unknown": ("unheard-of", b"whatever"),
    "gzip that breaks off": ("gzip", gzip.compress(ID * 5000)[:-9]),
    "JSON": ("gzip", ID),
    "JSON as deflate": ("deflate", ID),
    "JSON of many pieces": ("gzip", ID + b" " * 200_000),
    "six codings": (", ".join(["gzip"] * 6), compress_times(6)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_body_whose_encoding_is_broken_is_an_answer_that_cannot_be_read(connect, name):
    encoding, body = BROKEN[name]
    with Peer(send(sized(body, Content_Encoding=encoding)), echo) as peer:
        caller = connect(peer)
        error = caller.fail(ApiResponseException)
        assert (error.status, error.tries, error.body) == (200, 1, body)
        assert type(error.api_response) is ApiResponseWithoutDeserialization
        assert error.api_response.response.data == body
        assert caller.works()
    assert peer.connections == 1


@pytest.mark.parametrize(
    "rest",
    [endless(b"", b"x" * 65536), raw(), then(send(b"x" * 99), reset)],
    ids=["endless", "closed", "reset"],
)
def test_body_that_cannot_be_unpacked_is_read_as_far_as_it_comes(connect, rest):
    """Up to the bound, and whatever becomes of its end: the run was stored."""
    head = head_of(200, headers=JSON | {"Content-Encoding": "gzip", "Content-Length": 2**40})
    with Peer(then(send(head + ID), rest), echo) as peer, within(2):
        caller = connect(peer, max_response_body=100_000)
        error = caller.fail(ApiResponseException)
        assert (error.status, error.tries, error.body[: len(ID)]) == (200, 1, ID)
        assert len(error.body) <= 100_000
        assert caller.works()


def test_body_that_cannot_be_unpacked_is_masked(connect):
    body = b"no gzip, but " + TOKEN.encode()
    fields = {"Content-Encoding": "gzip"}
    with Peer(reply(400, body, fields, reason=f"no {TOKEN}")) as peer:
        error = connect(peer).fail(BadRequestException)
    response = error.api_response.response
    assert error.body == response.data == b"no gzip, but ***"
    assert TOKEN not in f"{error} {response.reason} {vars(response)}"


def test_encodings_in_several_fields_count_together(connect):
    """The second one is not of those that need little memory: the body stays as it came."""
    fields = [("Content-Type", "application/json"), ("Content-Encoding", "gzip")]
    body = gzip.compress(ID)
    fields += [("Content-Encoding", "br"), ("Content-Length", len(body))]
    with Peer(send(head_of(200, headers=fields) + body)) as peer:
        assert connect(peer).fail(ApiResponseException).body == body


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        *((name, gzip.compress(ID)) for name in ("gzip", "x-gzip", "GZIP")),
        (", ".join(["gzip"] * 5), compress_times(5)),
        ("identity", ID),
        ("deflate", deflate_without_header(ID.replace(b" ", b""))),
    ],
    ids=["gzip", "x-gzip", "GZIP", "five times", "identity", "deflate"],
)
def test_packed_body_is_unpacked(connect, encoding, body):
    with Peer(send(sized(body, Content_Encoding=encoding))) as peer:
        assert connect(peer).post().body["pipelineRunId"] == "run"


@pytest.mark.parametrize("stream", [False, True], ids=["read", "streamed"])
def test_bytes_after_the_end_of_a_packed_body_do_not_hang_the_call(connect, stream):
    """As in CVE-2026-97688 of urllib3, whose reading of chunked deflate looped for ever."""
    data = zlib.compress(ID) + b"more"
    chunks = b"%x\r\n%s\r\n4\r\nmore\r\n0\r\n\r\n" % (len(data), data)
    with Peer(
        send(head_of(200, headers=CHUNKED | {"Content-Encoding": "deflate"}) + chunks)
    ) as peer:
        caller = connect(peer)
        if stream:
            assert b"".join(caller.raw().stream(5)) == ID
        else:
            assert caller.post().body["pipelineRunId"] == "run"


def test_error_keeps_its_status_when_its_body_has_no_end(connect):
    with Peer(endless(head_of(503, headers=JSON), b"x" * 65536), echo) as peer:
        caller = connect(peer, retries=0)
        error = caller.fail(ApiResponseTooLargeException)
        assert (error.status, error.body) == (503, b"x" * BOUND)
        assert caller.works()


def test_error_whose_body_is_within_the_bound_is_of_its_class(connect):
    with Peer(reply(503, b"x" * BOUND)) as peer:
        assert len(connect(peer, retries=0).fail(ServiceException).body) == BOUND
