"""Answers whose end or meaning is in doubt, interim and early ones, and what memory they take."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import bombs
from support.caller import TOKEN, within
from support.peers import Peer, echo, head_of, raw, reply, send
from support.whole_answers import ID, JSON, chunked, sized

from gentrace.exceptions import (
    ApiConnectionException,
    ApiResponseException,
    ApiResponseTooLargeException,
    ClientException,
)

MIB = 1024 * 1024
MEMORY_SCRIPT = Path(__file__).parents[1] / "support" / "memory_of_answers.py"
BOUND = 4 * MIB


# Framing.

LONG_LINE = b"x" * MIB

UNCLEAR = {
    "two lengths": head_of(200, headers=[("Content-Length", 24), ("Content-Length", 5)]) + ID,
    "lengths in one field": head_of(200, headers={"Content-Length": "24, 5"}) + ID,
    "negative length": head_of(200, headers={"Content-Length": "-1"}) + ID,
    "length in words": head_of(200, headers={"Content-Length": "many"}) + ID,
    "signed length": head_of(200, headers={"Content-Length": "+24"}) + ID,
    "length of 5,000 digits": head_of(200, headers={"Content-Length": "9" * 5000}) + ID,
}

OVERLONG = {
    "chunk-size line of 1 MiB": chunked(b"1" + b";" + LONG_LINE + b"\r\n"),
    "chunk size of 1 MiB of digits": chunked(b"0" * MIB + b"5\r\nabcde\r\n0\r\n\r\n"),
    "trailer of 1 MiB": chunked(b"18\r\n%s\r\n0\r\nX: %s\r\n\r\n" % (ID, LONG_LINE)),
    "trailer of 300 KiB after a long body": chunked(
        b"18\r\n%s\r\n80000\r\n%s\r\n0\r\n" % (ID, b" " * 2**19)
        + b"X: %s\r\n\r\n" % (b"x" * 300 * 2**10)
    ),
    "200,000 trailers": chunked(b"18\r\n%s\r\n0\r\n" % ID + b"X: y\r\n" * 200_000 + b"\r\n"),
}

CHUNKS = {
    "chunks without an end": chunked(b"%x\r\n%s\r\n" % (len(ID), ID)),
    "nothing after the head": chunked(b""),
}

HEADS = {
    "header block of 10 MiB": b"HTTP/1.1 200 OK\r\n" + (b"X: " + b"y" * 1000 + b"\r\n") * 10_486,
    "100,000 headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000 + b"\r\n" + ID,
    "header of 1 MiB": b"HTTP/1.1 200 OK\r\nX: " + LONG_LINE + b"\r\n\r\n" + ID,
    "status line of 1 MiB": b"HTTP/1.1 200 " + LONG_LINE + b"\r\n\r\n" + ID,
    "status line without an end": b"HTTP/1.1 200 " + LONG_LINE * 8,
    "status in words": b"HTTP/1.1 two-hundred OK\r\n\r\n",
    "status of 5 digits": b"HTTP/1.1 20000 OK\r\n\r\n",
    "status 0": b"HTTP/1.1 000 OK\r\n\r\n",
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "HTTP/0.9": b"<html></html>",
    "HTTP/3": b"HTTP/3.0 200 OK\r\n\r\n",
    "101 headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 101 + b"\r\n" + ID,
    "HTTP/2": b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64\0\x04\0\0\xff\xff\0\x06\0\0\x40\0",
    "a thousand interim answers": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000,
    "interim answers without an end": b"HTTP/1.1 100 Continue\r\n\r\n" * 100_000,
    "100,000 headers of an interim answer": b"HTTP/1.1 100 Continue\r\n" + b"X: y\r\n" * 100_000,
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Ty",
}


@pytest.mark.parametrize("name", UNCLEAR)
def test_answer_of_unclear_length_is_refused(connect, name):
    """Where it ends the next answer begins: to guess is to give one call another's answer."""
    with Peer(send(UNCLEAR[name]), echo) as peer, within(2):
        caller = connect(peer)
        error = caller.fail(ApiResponseException)
        assert (error.status, error.tries) == (200, 1)
        assert caller.works()
    assert [request.connection for request in peer.requests] == [0, 1]


@pytest.mark.parametrize("name", OVERLONG)
def test_overlong_chunk_lines_and_trailers_are_an_answer_over_the_bound(connect, name):
    """As in CVE-2026-97689 of urllib3, which buffered a chunk-size line without bound."""
    with Peer(send(OVERLONG[name]), echo) as peer, within(2):
        caller = connect(peer)
        error = caller.fail(ApiResponseTooLargeException)
        assert (error.status, error.tries) == (200, 1)
        assert caller.works()


@pytest.mark.parametrize("name", CHUNKS)
def test_chunks_that_break_off_are_no_complete_answer(connect, name):
    with Peer(raw(CHUNKS[name]), echo) as peer, within(2):
        caller = connect(peer, retries=0)
        error = caller.fail(ApiConnectionException)
        assert (error.status, error.tries) == (0, 1)
        assert caller.works()


@pytest.mark.parametrize("name", HEADS)
def test_head_without_bound_or_meaning_is_no_answer(connect, name):
    """As in CVE-2021-3737 of http.client, which read headers after 100 Continue without end."""
    with Peer(raw(HEADS[name]), echo) as peer, within(2):
        caller = connect(peer, retries=0)
        error = caller.fail(ApiConnectionException)
        assert (error.status, error.tries, len(str(error)) < 2000) == (0, 1, True)
        assert caller.works()


def test_head_of_100_fields_is_read(connect):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 24\r\nContent-Type: application/json\r\n"
    with Peer(send(head + b"X: y\r\n" * 98 + b"\r\n" + ID)) as peer:
        assert connect(peer, retries=0).post().body["pipelineRunId"] == "run"


@pytest.mark.parametrize("size", [29, 100_000])
def test_answer_that_is_longer_than_it_says_is_not_the_next_one(connect, size):
    """What is left on the connection would answer the next request."""
    smuggled = sized(b'{"pipelineRunId": "smuggled"}'.ljust(size))
    with Peer(send(sized(ID) + smuggled), echo) as peer:
        caller = connect(peer, retries=0)
        assert caller.post().body["pipelineRunId"] == "run"
        for _ in range(3):
            assert caller.works()


# Interim answers.


@pytest.mark.parametrize(
    "interim",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 5 + b"HTTP/1.1 103 Early Hints\r\n\r\n" * 5,
    ],
    ids=["100", "103", "102", "ten"],
)
def test_interim_answer_is_skipped(connect, interim):
    """http.client takes all but 100 for the final answer."""
    with Peer(send(interim + sized(ID)), echo) as peer:
        caller = connect(peer)
        answer = caller.post()
        assert (answer.response.status, answer.body["pipelineRunId"]) == (200, "run")
        assert "Link" not in answer.response.headers
        assert caller.works()
    assert peer.connections == 1


@pytest.mark.parametrize("field", ["Content-Length: 5", "Transfer-Encoding: chunked"])
def test_connection_of_an_interim_answer_that_announces_a_body_serves_no_other_call(connect, field):
    interim = f"HTTP/1.1 103 Early Hints\r\n{field}\r\n\r\n".encode()
    with Peer(send(interim + sized(ID)), echo) as peer:
        caller = connect(peer)
        assert caller.post().body["pipelineRunId"] == "run"
        assert caller.works()
    assert [request.connection for request in peer.requests] == [0, 1]


def test_switch_of_protocols_that_nobody_asked_for_is_an_exception(connect):
    with Peer(
        send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n\0\0\0"), echo
    ) as peer:
        caller = connect(peer, retries=0)
        error = caller.fail()
        assert error.status in {0, 101}
        assert caller.works()
    assert [request.connection for request in peer.requests] == [0, 1]


# Early answers.


@pytest.mark.parametrize("drains", [False, True])
def test_answer_that_comes_before_the_request_is_read_is_the_answer(connect, drains):
    """A server that refuses a large body does not read it."""

    def refuse(talk):
        if talk.number == 0:
            request = talk.read_head()
            reply(413)(talk, request)
            if not drains:
                raise EOFError
            talk.read_body(request)

    body = {"name": "big", "step_runs": [], "blob": "x" * (8 * MIB)}
    with Peer(greet=refuse) as peer:
        caller = connect(peer)
        error = caller.fail(ClientException, body=body)
        assert (error.status, error.tries) == (413, 1)
        assert caller.works()


# Memory.


def measure(peer, count, *bound):
    """How many bytes each of so many answers needs, after two that load what all of them need."""
    # What measures coverage takes memory of its own.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, MEMORY_SCRIPT, peer.url, str(count), *map(str, bound)],
        env=environment | {"MALLOC_MMAP_THRESHOLD_": "65536"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_memory_stays_within_the_bound_and_8_mib():
    """Over the whole corpus, in a process of its own, codecs included."""
    answers = {name: bombs.packed(name) for name in bombs.PACKED} | UNCLEAR | OVERLONG | HEADS
    answers["one byte a chunk"] = chunked(b"1\r\nx\r\n" * 200_000)
    answers["until it closes"] = head_of(200, headers=JSON) + b"x" * (32 * MIB)
    with Peer(echo, raw(answers["gzip"]), *map(raw, answers.values())) as peer:
        growth = dict(zip(answers, measure(peer, len(answers)), strict=True))
    assert {name: size for name, size in growth.items() if size > BOUND + 8 * MIB} == {}
    assert growth["gzip"] > BOUND / 2  # or it would not measure anything


def test_memory_of_a_large_bound_is_not_twice_the_bound():
    body = b'{"pipelineRunId": "%s"}' % (b"x" * (63 * MIB))
    with Peer(echo, echo, reply(200, body[:-1]), reply(400, body)) as peer:
        broken, refused = measure(peer, 2, 64 * MIB)
    assert refused < (64 + 8) * MIB
    # What parsing costs: the text, and the texts in it.
    assert broken < (3 * 64 + 8) * MIB


def test_a_token_in_a_field_that_a_message_cuts_is_masked(connect):
    with Peer(send(head_of(200, headers={"Content-Length": "x" * 92 + TOKEN}))) as peer:
        error = connect(peer).fail(ApiResponseException)
    assert "xxx" in str(error)
    assert TOKEN[:6] not in str(error)


def test_a_streamed_answer_that_cannot_be_read_is_masked(connect):
    with Peer(reply(200, TOKEN.encode(), content_type="text/html")) as peer:
        error = connect(peer).fail(ApiResponseException, stream=True)
    assert error.api_response.response.data == error.body == b"***"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"", "before a whole answer, while waiting for the answer (if it speaks TLS"),
        (head_of(200)[:9], "before a whole answer, while waiting for the answer"),
        (sized(b"x" * 100)[:-97], "with at least 97 of its bytes missing, while reading"),
        (chunked(b"5\r\nhel"), "at least 2 of its bytes missing"),
        (chunked(b"3\r\nhel"), "a whole answer, while reading"),
    ],
)
def test_answer_that_breaks_off_says_what_is_missing(connect, answer, words):
    """The port is suspected of TLS only if nothing came."""
    with Peer(raw(answer)) as peer:
        error = connect(peer, retries=0).fail(ApiConnectionException)
    assert words in error.reason
    assert "0 bytes read" not in error.reason
    assert ("TLS" in error.reason) == (answer == b"")
