"""What the local server answers, asked over real sockets."""

import re
import sqlite3
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

import gentrace.local

NUMBERS = '{"name": "n", "stepRuns": [], "x": [1.10, 1E5, 12345678901234567890123, -0.0, 1e300]}'


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
    assert fresh.get(f"/pipeline-runs?before={ids[0]}").json == {"pipelineRuns": [], "next": None}


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
    "path",
    ["/assets/", "/healthz/", "/api/v1", "/api/v1/pipeline-runs/none/x", "/api/v1/pipeline-runs/"],
)
def test_an_unknown_path_is_404_in_json(client, path):
    refused = client.ask("GET", path)
    assert refused.status == 404
    assert set(refused.json) == {"error"}


def test_an_unknown_run_is_404_at_its_id(client):
    """So that a client knows it from an unknown path."""
    refused = client.get("/pipeline-runs/none")
    assert (refused.status, refused.json["at"]) == (404, "id")


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
        (b'{"name": "n", "stepRuns": [], "x": [0.5, 1e400]}', "1e400 is larger", "$.x[1]"),
        (
            b'{"name": "n", "stepRuns": [{"elapsedTime": -2.5E+309}]}',
            "E+309",
            "$.stepRuns[0].elapsedTime",
        ),
        (b'{"a": ' + b"9" * 5000 + b".0}", "larger than a float", "$.a"),
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
    refused = client.post(Idempotency_Key="")
    assert (refused.status, refused.json["at"]) == (400, "Idempotency-Key")


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
