"""What the local server answers, asked over real sockets."""

import gzip
import hmac
import json
import logging
import re
import sqlite3
import threading
import tracemalloc
import uuid
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

import gentrace.local
from gentrace.local import checks

SESAME = "s3cret"
NUMBERS = '{"name": "n", "stepRuns": [], "x": [1.10, 1E5, 12345678901234567890123, -0.0, 1e400]}'


def test_a_run_is_stored_and_given_back(fresh, run):
    posted = fresh.post()
    assert posted.status == 200
    assert posted.headers["Content-Type"] == "application/json; charset=utf-8"
    run_id = posted.json["pipelineRunId"]
    assert uuid.UUID(run_id).version == 4
    assert list(posted.json) == ["pipelineRunId"]

    one = fresh.get(f"/pipeline-runs/{run_id}")
    assert one.status == 200
    assert one.headers["Content-Type"] == "application/json; charset=utf-8"
    assert one.json["pipelineRunId"] == run_id
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", one.json["createdAt"])
    assert one.json["name"] == "answer-question"
    assert one.json["pipelineRun"] == run
    assert fresh.runs() == [one.json]


def test_numbers_and_unknown_properties_come_back_as_they_were_spelled(client):
    run_id = client.post(NUMBERS).json["pipelineRunId"]
    assert NUMBERS.encode() in client.get(f"/pipeline-runs/{run_id}").content
    assert NUMBERS.encode() in client.get().content


def test_names_of_any_characters_are_kept(client):
    name = 'a "quoted"\n\0 naïve 名 \U0001f600'
    run_id = client.post({"name": name, "stepRuns": []}).json["pipelineRunId"]
    assert client.get(f"/pipeline-runs/{run_id}").json["name"] == name


def test_runs_are_listed_newest_first_and_page_by_page(fresh):
    ids = [fresh.post().json["pipelineRunId"] for _ in range(5)]
    assert [run["pipelineRunId"] for run in fresh.runs()] == ids[::-1]
    page = fresh.get("/pipeline-runs?limit=2").json["pipelineRuns"]
    assert [run["pipelineRunId"] for run in page] == [ids[4], ids[3]]
    page = fresh.get(f"/pipeline-runs?limit=1000&before={ids[3]}").json["pipelineRuns"]
    assert [run["pipelineRunId"] for run in page] == [ids[2], ids[1], ids[0]]
    assert fresh.get(f"/pipeline-runs?before={ids[0]}").json == {"pipelineRuns": []}


def test_a_list_has_fifty_runs_unless_it_is_told_otherwise(client):
    for _ in range(51):
        client.post()
    assert len(client.runs()) == 50


@pytest.mark.parametrize(
    ("query", "at"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("limit=%D9%A1", "limit"),
        ("limit=1&limit=2", "limit"),
        ("before=unknown", "before"),
    ],
)
def test_a_query_that_cannot_be_is_refused(client, query, at):
    refused = client.get(f"/pipeline-runs?{query}")
    assert refused.status == 400
    assert refused.json["at"] == at


def test_health_is_told(client):
    health = client.ask("GET", "/healthz")
    assert (health.status, health.json) == (200, {"status": "ok"})


def test_a_head_request_has_no_body(client):
    assert client.ask("HEAD", "/healthz").content == b""


@pytest.mark.parametrize(
    "path", ["/", "/healthz/", "/api/v1", "/api/v1/pipeline-runs/none", "/api/v1/pipeline-runs/"]
)
def test_an_unknown_path_is_404_in_json(client, path):
    refused = client.ask("GET", path)
    assert refused.status == 404
    assert set(refused.json) == {"error"}


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/api/v1/pipeline-run", {"POST"}),
        ("DELETE", "/api/v1/pipeline-runs", {"GET", "HEAD"}),
        ("OPTIONS", "/api/v1/pipeline-run", {"POST"}),
        ("POST", "/healthz", {"GET", "HEAD"}),
    ],
)
def test_an_unknown_method_is_405_and_told_the_known_ones(client, method, path, allow):
    refused = client.ask(method, path)
    assert refused.status == 405
    assert set(refused.headers["Allow"].split(", ")) == allow
    assert "error" in refused.json


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
    ],
)
def test_other_media_types_are_415(client, media_type):
    refused = client.post(Content_Type=media_type)
    assert (refused.status, refused.json["at"]) == (415, "Content-Type")


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


def test_gzip_of_too_many_members_is_400(client):
    body = gzip.compress(b"") * (checks.MAX_MEMBERS + 1)
    refused = client.post(body, Content_Encoding="gzip")
    assert refused.status == 400
    assert "members" in refused.json["error"]


@pytest.mark.parametrize("members", [1, 3])
def test_a_gzip_bomb_is_413_and_never_unpacked(members):
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(2**20)) for _ in range(64)) + packer.flush()
    bombs = bomb * members
    tracemalloc.start()
    try:
        with pytest.raises(checks.Refusal) as caught:
            checks.decompress(bombs, 2**20)
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


@pytest.mark.parametrize(
    ("body", "error", "at"),
    [
        ({"name": "n"}, "'stepRuns' is a required property", "$"),
        ({"name": 1, "stepRuns": []}, "1 is not of type 'string'", "$.name"),
        (
            {"name": "n", "stepRuns": [{}, {"elapsedTime": 1.5}]},
            "1.5 is not of type 'integer'",
            "$.stepRuns[1].elapsedTime",
        ),
        (
            {"name": "n", "stepRuns": [{"startTime": "2023-02-29T00:00:00Z"}]},
            "'2023-02-29T00:00:00Z' is not a 'date-time'",
            "$.stepRuns[0].startTime",
        ),
        (
            {"name": "n", "stepRuns": [{"endTime": "2023-02-28T00:00:00"}]},
            "'2023-02-28T00:00:00' is not a 'date-time'",
            "$.stepRuns[0].endTime",
        ),
        (
            {"name": "n", "stepRuns": [{"endTime": "2023-02-28T00:00:00Z\n"}]},
            "'2023-02-28T00:00:00Z\\n' is not a 'date-time'",
            "$.stepRuns[0].endTime",
        ),
        (
            {"name": "n", "stepRuns": [{"provider": {"inputs": []}}]},
            "[] is not of type 'object'",
            "$.stepRuns[0].provider.inputs",
        ),
        ([], "[] is not of type 'object'", "$"),
        (None, "null is not of type 'object'", "$"),
        ({"name": True, "stepRuns": []}, "true is not of type 'string'", "$.name"),
        ({"name": "None", "stepRuns": "None"}, "'None' is not of type 'array'", "$.stepRuns"),
    ],
)
def test_a_run_that_breaks_the_schema_is_400_and_told_where(client, body, error, at):
    before = client.runs()
    refused = client.post(body)
    assert (refused.status, refused.json) == (400, {"error": error, "at": at})
    assert client.runs() == before


@pytest.mark.parametrize(
    ("body", "words", "at"),
    [
        (b"", "not JSON", "line 1 column 1"),
        (b'{"name"\n:}', "not JSON", "line 2 column 2"),
        (b'\xef\xbb\xbf{"name": "n", "stepRuns": []}', "BOM", "line 1 column 1"),
        (b'{"name": "\xff", "stepRuns": []}', "not UTF-8", "byte 10"),
        (b'{"name": "\xed\xa0\x80", "stepRuns": []}', "not UTF-8", "byte 10"),
        ('{"name": "n", "stepRuns": []}'.encode("utf-16"), "not UTF-8", "byte 0"),
        (b'{"name": "n\0", "stepRuns": []}', "not JSON", "line 1 column 12"),
        (b'{"name": "n", "stepRuns": [], "x": [0, NaN]}', "NaN", "$.x[1]"),
        (b'{"name": "n", "stepRuns": [], "x": -Infinity}', "-Infinity", "$.x"),
        (b'{"name": "\\ud800", "stepRuns": []}', "lone surrogate", "$.name"),
        (b'{"name": "n", "stepRuns": [], "x": {"\\udc00": 1}}', "lone surrogate", "$.x"),
        (b'{"name": "n", "a b": {"c": 1, "c": 2}}', '"c" is given twice', '$["a b"]'),
        (b'{"a": ' + b"9" * 4301 + b"}", "4300 digits", "$.a"),
        (b"[" * 501 + b"]" * 501, "deeper than 500", None),
        (b"[" * 100_000, "deeper than 500", None),
    ],
)
def test_a_body_that_is_not_strict_json_is_400_and_told_where(client, body, words, at):
    refused = client.post(body)
    assert refused.status == 400
    assert words in refused.json["error"]
    assert refused.json.get("at") == at


def test_what_is_at_the_limits_is_taken(client):
    deep = "[" * 498 + "-" + "9" * 4300 + "]" * 498
    text = f'{{"name": "\\ud83d\\ude00", "stepRuns": [], "x": [{deep}]}}'
    assert client.post(text).status == 200
    assert text.encode() in client.get().content


def test_long_values_are_cut_in_errors(client):
    refused = client.post({"name": ["x" * 10_000], "stepRuns": []})
    assert len(refused.json["error"]) < 300
    assert refused.json["error"].endswith("is not of type 'string'")


def test_the_same_key_gives_the_same_run_and_no_second_one(fresh):
    first = fresh.post(NUMBERS, Idempotency_Key="k")
    respelled = NUMBERS.replace("1.10", "11e-1").replace("1E5", "100000").replace(" ", "")
    for body in (NUMBERS, respelled):
        again = fresh.post(body, Idempotency_Key="k")
        assert (again.status, again.json) == (200, first.json)
    assert len(fresh.runs()) == 1
    assert fresh.post(NUMBERS, Idempotency_Key="other").json != first.json


@pytest.mark.parametrize("other", [NUMBERS.replace("1.10", "1.11"), NUMBERS.replace('"n"', '"m"')])
def test_the_same_key_with_another_body_is_409(fresh, other):
    fresh.post(NUMBERS, Idempotency_Key="k")
    refused = fresh.post(other, Idempotency_Key="k")
    assert refused.status == 409
    assert "another body" in refused.json["error"]
    assert refused.json["at"] == "Idempotency-Key"
    assert len(fresh.runs()) == 1


def test_a_refused_run_does_not_use_up_its_key(fresh):
    assert fresh.post({}, Idempotency_Key="k").status == 400
    assert fresh.post(Idempotency_Key="k").status == 200


def test_an_empty_key_is_refused(client):
    assert client.post(Idempotency_Key="").json["at"] == "Idempotency-Key"


def test_a_header_given_twice_is_refused(client, read_all):
    lines = ["Content-Type: application/json", "Content-Length: 0", "Connection: close"]
    keys = ["Idempotency-Key: a", "Idempotency-Key: b"]
    with client.raw(client.head(*lines, *keys)) as bare:
        answer = read_all(bare)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"Idempotency-Key" in answer


def test_many_at_once_with_one_key_make_one_run(fresh, connect):
    clients = [connect(f"http://{fresh.host}:{fresh.port}{fresh.api}") for _ in range(50)]
    with ThreadPoolExecutor(50) as pool:
        replies = list(pool.map(lambda each: each.post(Idempotency_Key="k"), clients))
    assert {reply.status for reply in replies} == {200}
    assert len({reply.json["pipelineRunId"] for reply in replies}) == 1
    assert len(fresh.runs()) == 1


def test_a_hundred_writers_at_once_all_store(fresh, connect):
    clients = [connect(f"http://{fresh.host}:{fresh.port}{fresh.api}") for _ in range(100)]

    def write(each):
        return [each.post().json["pipelineRunId"] for _ in range(3)]

    with ThreadPoolExecutor(100) as pool:
        ids = {run_id for each in pool.map(write, clients) for run_id in each}
    assert len(ids) == 300
    stored = fresh.get("/pipeline-runs?limit=1000").json["pipelineRuns"]
    assert sorted(run["pipelineRunId"] for run in stored) == sorted(ids)


def test_a_token_is_needed_where_one_is_set(connect):
    with gentrace.local.serve(token=SESAME) as server:
        client = connect(server.url)
        assert client.post(Authorization="Bearer s3cret").status == 200
        assert client.get(Authorization="bearer s3cret").status == 200
        assert client.ask("GET", "/healthz").status == 200
        for path in ("/pipeline-runs", "/pipeline-runs/any", "/unknown"):
            assert client.get(path).status == 401


@pytest.mark.parametrize(
    "given", [None, "", "Bearer", "Bearer ", "Bearer guess", "Basic s3cret", "Bearer s3cret2"]
)
def test_a_token_guess_is_401_and_logged_without_it(connect, caplog, given):
    caplog.set_level(logging.DEBUG)
    headers = {} if given is None else {"Authorization": given}
    with gentrace.local.serve(token=SESAME) as server:
        refused = connect(server.url).post(**headers)
    assert refused.status == 401
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert "error" in refused.json
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert warnings == ["refused a request from 127.0.0.1: its token is missing or wrong"]
    assert "s3cret" not in caplog.text
    assert "guess" not in caplog.text


@pytest.mark.parametrize("guess", ["s", "s3cres", "s3cret", "x" * 1000, "\xe9"])
def test_a_token_is_compared_in_a_time_that_says_nothing(connect, monkeypatch, guess):
    compared, compare = [], hmac.compare_digest

    def watched(*digests):
        compared.append([len(digest) for digest in digests])
        return compare(*digests)

    monkeypatch.setattr("gentrace.local.gate.hmac.compare_digest", watched)
    with gentrace.local.serve(token=SESAME) as server:
        answer = connect(server.url).get(Authorization=f"Bearer {guess}")
    assert answer.status == (200 if guess == SESAME else 401)
    assert compared == [[32, 32]]


def test_two_tokens_are_no_token(connect, read_all):
    with gentrace.local.serve(token=SESAME) as server:
        client = connect(server.url)
        lines = ["Authorization: Bearer s3cret"] * 2 + ["Connection: close"]
        with client.raw(client.head(*lines, method="GET")) as bare:
            assert read_all(bare).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("host", ["127.0.0.1:{}", "localhost:{}", "LocalHost:{}", "[::1]:{}"])
def test_requests_that_name_this_server_are_answered(client, host):
    answer = client.ask("GET", "/healthz", headers={"Host": host.format(client.port)})
    assert answer.status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{}",
        "127.0.0.1",
        "localhost:1",
        "10.0.0.1:{}",
        "a@localhost:{}",
    ],
)
def test_requests_that_name_another_host_are_refused(client, host):
    answer = client.ask("GET", "/healthz", headers={"Host": host.format(client.port)})
    assert (answer.status, answer.json["at"]) == (421, "Host")


def test_a_request_without_a_host_is_refused(client, read_all):
    with client.raw(b"GET /healthz HTTP/1.0\r\n\r\n") as bare:
        assert read_all(bare).startswith(b"HTTP/1.1 421 ")


def test_what_is_not_http_is_400_in_json(client, read_all):
    with client.raw(b"nonsense\r\n\r\n") as bare:
        head, _, body = read_all(bare).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert "error" in json.loads(body)


def test_nonsense_after_a_refusal_is_not_answered_again(client, read_all, caplog):
    head = client.head("Content-Type: text/plain", "Transfer-Encoding: chunked")
    with client.raw(head) as bare:
        answer = b""
        while not answer.endswith(b"}"):
            answer += bare.recv(65536)
        bare.sendall(b"no chunk size\r\n")
        answer += read_all(bare)
    assert answer.startswith(b"HTTP/1.1 415 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_failure_of_the_server_is_500_in_json_and_logged(tmp_path, connect, caplog):
    database = tmp_path / "runs.sqlite3"
    with gentrace.local.serve(database=database) as server:
        client = connect(server.url)
        with closing(sqlite3.connect(database)) as other:
            other.execute("ALTER TABLE pipeline_runs RENAME TO gone")
            failed = client.post()
            other.execute("ALTER TABLE gone RENAME TO pipeline_runs")
        assert failed.status == 500
        assert failed.headers["Content-Type"].startswith("application/json")
        assert "error" in failed.json
        assert client.post().status == 200
    assert "no such table" in caplog.text
