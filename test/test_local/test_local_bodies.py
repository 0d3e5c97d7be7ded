"""How a body may come: its media type, its coding and its length."""

import gzip
import json
import threading
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest

import gentrace.local
from gentrace.local import checks, gzip_body
from gentrace.local.responses import RequestError


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "Application/JSON",
        'application/json;charset="UTF-8"',
        "application/json ; Charset=utf-8",
        "application/json; charset=utf8; q=1",
    ],
)
def test_json_is_known_by_its_meaning_and_not_its_spelling(client, media_type):
    assert client.post(Content_Type=media_type).status == 200


@pytest.mark.parametrize(
    "media_type",
    [
        "",
        "text/plain",
        "application/json; charset=latin-1",
        "application/json; charset=\xff",
        "application/json; charset=",
        "application/json; charset*=x''%ff",
        "application/jsonp",
        "json",
        ";",
        f"application/json; a={'b' * 1000}",
    ],
)
def test_other_media_types_are_415(client, media_type):
    refused = client.post(Content_Type=media_type)
    assert (refused.status, refused.json["at"]) == (415, "Content-Type")


def test_a_parameter_that_is_given_in_two_ways_is_no_failure_of_the_server(client):
    """Python up to 3.13 cannot read it, later versions take one of the two."""
    answer = client.post(Content_Type="application/json; a*=x; a*0=x")
    assert answer.status in {200, 415}


def test_no_media_type_is_415(client):
    assert client.ask("POST", "/api/v1/pipeline-run", b"{}").status == 415


@pytest.mark.parametrize("coding", ["br", "gzip, gzip", "deflate"])
def test_other_content_codings_are_415(client, coding):
    refused = client.post(Content_Encoding=coding)
    assert (refused.status, refused.json["at"]) == (415, "Content-Encoding")
    assert refused.headers["Accept-Encoding"] == "gzip, identity"


@pytest.mark.parametrize("coding", ["gzip", "GZip", "x-gzip"])
def test_gzip_is_understood(client, run, coding):
    assert (
        client.post(gzip.compress(json.dumps(run).encode()), Content_Encoding=coding).status == 200
    )
    assert client.runs()[0]["pipelineRun"] == run


def test_gzip_of_several_members_is_understood(client, run):
    text = json.dumps(run).encode()
    body = gzip.compress(text[:7]) + gzip.compress(b"") + gzip.compress(text[7:])
    assert client.post(body, Content_Encoding="gzip").status == 200
    assert client.runs()[0]["pipelineRun"] == run


@pytest.mark.parametrize(
    "spoil",
    [
        lambda packed: packed[:-1],
        lambda packed: packed + b"x",
        lambda packed: packed[:10] + b"\xff" + packed[11:],
        lambda _: b"",
        lambda _: b"{}",
    ],
)
def test_a_body_that_is_not_gzip_is_400(client, run, spoil):
    refused = client.post(spoil(gzip.compress(json.dumps(run).encode())), Content_Encoding="gzip")
    assert (refused.status, refused.json["at"]) == (400, "Content-Encoding")


def test_gzip_of_too_many_members_is_400(client, run):
    most = gzip.compress(b"") * (gzip_body.MAX_MEMBERS - 1) + gzip.compress(
        json.dumps(run).encode()
    )
    assert client.post(most, Content_Encoding="gzip").status == 200
    refused = client.post(most + gzip.compress(b""), Content_Encoding="gzip")
    assert refused.status == 400
    assert "members" in refused.json["error"]


@pytest.mark.parametrize("members", [1, 3])
def test_a_gzip_bomb_is_413_and_never_unpacked(members):
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(2**20)) for _ in range(64)) + packer.flush()
    bombs = bomb * members
    tracemalloc.start()
    try:
        with pytest.raises(RequestError) as caught:
            gzip_body.decompress(bombs, 2**20)
        assert tracemalloc.get_traced_memory()[1] < 2**23
    finally:
        tracemalloc.stop()
    assert caught.value.status == 413


def test_a_body_is_bounded_as_sent_and_decompressed(connect):
    with gentrace.local.serve(max_body=100) as server:
        client = connect(server.url)
        fits = json.dumps({"name": "n", "stepRuns": []}).ljust(100)
        assert client.post(fits).status == 200
        assert client.post(fits + " ").status == 413
        assert client.post(gzip.compress(fits.encode()), Content_Encoding="gzip").status == 200
        bomb = gzip.compress(fits.encode() + b" ")
        assert client.post(bomb, Content_Encoding="gzip").status == 413
        assert len(client.runs()) == 2


def test_a_chunked_body_is_bounded_too(connect):
    with gentrace.local.serve(max_body=100) as server:
        client = connect(server.url)
        # Without a length to announce, http.client sends the pieces as chunks.
        headers = {"Content-Type": "application/json"}
        refused = client.ask("POST", "/api/v1/pipeline-run", iter([b" " * 90] * 9), headers)
        assert refused.status == 413
        small = iter([b'{"name": "n", ', b'"stepRuns": []}'])
        assert client.ask("POST", "/api/v1/pipeline-run", small, headers).status == 200


@pytest.mark.parametrize(
    "lie",
    [
        ["Content-Length: -1"],
        ["Content-Length: " + "9" * 5000],
        ["Content-Length: 26", "Content-Length: 27"],
        ["Content-Length: 25"],
        ["Content-Length: 27", "Transfer-Encoding: chunked"],
    ],
)
def test_a_length_that_is_a_lie_is_400_and_stores_nothing(client, read_all, lie):
    before = client.runs()
    head = client.head("Content-Type: application/json", "Connection: close", *lie)
    # In one piece: what comes after the answer would reset the connection.
    with client.raw(head + b'{"name":"n","stepRuns":[]}\r\n') as bare:
        answer = read_all(bare)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert client.runs() == before


def test_large_bodies_take_turns_and_small_ones_do_not_wait(client, connect, monkeypatch):
    """Parsed, a body takes many times the memory of its text."""
    check, at_it, seen = checks.RunChecker.check, [], []
    begun, go = threading.Event(), threading.Event()

    def watched(self, body):
        if len(body) < 2**20:
            return check(self, body)
        at_it.append(body)
        seen.append(len(at_it))
        begun.set()
        assert go.wait(60)
        at_it.pop()
        return check(self, body)

    monkeypatch.setattr(checks.RunChecker, "check", watched)
    large = json.dumps({"name": "n", "stepRuns": [], "x": "x" * 2**20}).encode()
    clients = [connect(f"http://{client.host}:{client.port}{client.api}") for _ in range(3)]

    def write(each, packed):
        if packed:
            return each.post(gzip.compress(large), Content_Encoding="gzip").status
        return each.post(large).status

    with ThreadPoolExecutor(3) as pool:
        statuses = pool.map(write, clients, [True, False, True])
        assert begun.wait(60)
        assert client.post().status == 200
        go.set()
        assert list(statuses) == [200] * 3
    assert seen == [1] * 3


def test_a_client_that_sends_all_of_a_large_body_still_reads_its_413(connect):
    """Closing while the client sends would reset the connection, and lose the answer."""
    with gentrace.local.serve(max_body=100) as server:
        refused = connect(server.url).post(b" " * 2**24, Connection="close")
        assert refused.status == 413
        assert refused.headers["Connection"] == "close"


def test_an_announced_length_is_refused_before_the_body_is_sent(connect, monkeypatch, read_all):
    monkeypatch.setattr("gentrace.local.gate.LINGER", 0.05)
    with gentrace.local.serve(max_body=100) as server:
        client = connect(server.url)
        head = client.head("Content-Type: application/json", "Content-Length: 99999999999")
        with client.raw(head) as bare:
            answer = read_all(bare)
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert answer.count(b"HTTP/1.1") == 1
