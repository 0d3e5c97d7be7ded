"""Reading back: filters, pages, the search, the export, pipelines, and deleting."""

import json
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from support.local_client import DEADLINE, Client

import gentrace.local
from gentrace.local.reading import READ_TIMEOUT

ENDLESS = "WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x FROM n) SELECT count(*) FROM n"
STEP = {"startTime": "2023-05-04T09:30:00.125Z", "endTime": "2023-05-04T09:30:01.375Z"}


def named(client, query):
    answer = client.get(f"/pipeline-runs?{urlencode(query)}")
    assert answer.status == 200, answer.content
    return [run["name"] for run in answer.json["pipelineRuns"]]


def run_of(name, inputs=None, outputs=None, **more):
    provider = {"name": "openai", "inputs": inputs or {}, "outputs": outputs or {}}
    return {"name": name, "stepRuns": [{"provider": provider, **more}]}


@pytest.fixture(scope="module")
def filled():
    """A server with five runs of known names."""
    with gentrace.local.serve() as server:
        yield server.url


@pytest.fixture(scope="module", autouse=True)
def _fill(filled):
    with closing(Client(filled)) as client:
        for run in (
            run_of("quick", {"q": "capital of France"}, {"a": ["Paris", {"b": "naïve 名前"}]}),
            run_of("slow", {"q": "capital of Spain"}, elapsedTime=5000),
            run_of("broken", elapsedTime=10, error="TimeoutError: no answer"),
            {"name": "failed", "stepRuns": [], "error": "boom"},
            run_of("answer-question", {'say "hi"': "x*y"}, **STEP),
        ):
            assert client.post(run).status == 200


@pytest.fixture
def client(connect, filled):
    return connect(filled)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["answer-question", "failed", "broken", "slow", "quick"]),
        ({"name": "slow"}, ["slow"]),
        ({"name": "slo"}, []),
        ({"has_error": "true"}, ["failed", "broken"]),
        ({"has_error": "false"}, ["answer-question", "slow", "quick"]),
        ({"min_duration": "10"}, ["answer-question", "broken", "slow"]),
        ({"min_duration": "1250"}, ["answer-question", "slow"]),
        ({"min_duration": "1250.5"}, ["slow"]),
        ({"min_duration": "1.2505e3"}, ["slow"]),
        ({"min_duration": "1e-07"}, ["answer-question", "broken", "slow"]),
        ({"min_duration": "1e+16"}, []),
        ({"since": "2020-01-01T00:00:00Z", "has_error": "true", "min_duration": 1}, ["broken"]),
        ({"until": "2020-01-01T00:00:00+02:00"}, []),
        ({"text": "capital"}, ["slow", "quick"]),
        ({"text": "CAPITAL france"}, ["quick"]),
        ({"text": "paris"}, ["quick"]),
        ({"text": "naive"}, ["quick"]),
        ({"text": "名前"}, ["quick"]),
        ({"text": "capit"}, []),
        ({"text": "capit*"}, ["slow", "quick"]),
        ({"text": "answer-question"}, ["answer-question"]),
        ({"text": "openai", "name": "slow"}, ["slow"]),
        ({"text": "broken", "has_error": "false"}, []),
        ({"text": 'x"y'}, ["answer-question"]),
        ({"text": "a NOT OR b"}, []),
        ({"text": "x\0y"}, ["answer-question"]),
        ({"text": "!!! slow *"}, ["slow"]),
        ({"text": "slow " * 40}, ["slow"]),
        ({"text": " ".join(f"!{number}" for number in range(31)) + " slow"}, []),
        ({"limit": 2, "has_error": "false"}, ["answer-question", "slow"]),
    ],
)
def test_a_filter_lets_through_what_it_says(client, query, names):
    assert named(client, query) == names


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        *[(text, True) for text in ("東京", "京の", "タワー", "北京", "東京 北京", "東京のタ*")],
        *[(text, True) for text in ("ﾃｽﾄ", "gpt", "GPT東京", "𠮷野", '"の"')],
        *[(text, False) for text in ("京東", "東タワー", "東京 大阪", "東京gpt", "タワーの")],
    ],
)
def test_a_search_finds_a_part_of_a_clause_without_spaces(fresh, text, is_found):
    fresh.post(run_of("words", {"q": "GPT東京のタワー、𠮷野家", "r": "我爱北京天安门 ﾃｽﾄです"}))
    assert named(fresh, {"text": text}) == ["words"][:is_found]


@pytest.mark.parametrize(
    ("text", "is_found"),
    [("ECOLE", True), ("tieng", False), ("TIẾNG", True), ("ανθρωπος", False)],
)
def test_a_search_ignores_case_and_one_accent_of_a_latin_letter(fresh, text, is_found):
    fresh.post(run_of("words", {"q": "École tiếng Άνθρωπος"}))
    assert bool(named(fresh, {"text": text})) is is_found


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("🤖", ["robot 🤖"]),
        ("robot 🤖", ["robot 🤖"]),
        ("🔥", []),
        ("🔥 rob*", ["robot 🔥", "robot 🤖", "robot"]),
    ],
)
def test_a_search_finds_the_emoji_that_are_words_of_the_index(fresh, text, names):
    """Signs of Unicode 6.1, such as 🔥, are not."""
    for name in ("robot", "robot 🤖", "robot 🔥"):
        fresh.post(run_of(name))
    assert named(fresh, {"text": text}) == names


def test_since_and_until_include_their_moment(client):
    newest, *_, oldest = client.runs()
    assert "answer-question" in named(client, {"since": newest["createdAt"]})
    assert "quick" in named(client, {"until": oldest["createdAt"]})
    later = datetime.fromisoformat(newest["createdAt"]) + timedelta(milliseconds=1)
    assert named(client, {"since": later.astimezone(UTC).isoformat()}) == []


@pytest.mark.parametrize(
    ("query", "at", "words"),
    [
        ("nope=1", "nope", "the known ones are name, text, since, until, has_error, min_duration"),
        ("name=a&name=b", "name", "more than once"),
        ("text=", "text", "words to search for"),
        ("text=*", "text", "words to search for"),
        ("text=" + "+".join(f"a{number}*" for number in range(33)), "text", "at most 32 words"),
        ("since=yesterday", "since", "RFC 3339"),
        ("since=2026-01-01", "since", "RFC 3339"),
        ("until=2026-01-01T00:00:00+02:00", "until", "%2B"),
        ("has_error=1", "has_error", "true or false"),
        ("min_duration=-1", "min_duration", "milliseconds from 0"),
        ("min_duration=nan", "min_duration", "milliseconds"),
        ("min_duration=1e999", "min_duration", "milliseconds"),
        ("min_duration=" + "9" * 5000, "min_duration", "milliseconds"),
        ("view=small", "view", "full or summary"),
        ("limit=" + "1" * 700, "limit", "from 1 to 1000"),
    ],
)
def test_a_parameter_that_cannot_be_is_refused_with_the_remedy(client, query, at, words):
    refused = client.get(f"/pipeline-runs?{query}")
    assert (refused.status, refused.json["at"]) == (400, at)
    assert words in refused.json["error"]


@pytest.mark.parametrize(
    "path",
    ["/pipeline-runs?text=o*", "/pipeline-runs/export?text=o*", "/pipelines"],
)
def test_a_read_that_takes_too_long_is_503_and_the_next_one_is_answered(fresh, monkeypatch, path):
    fill(fresh)
    with monkeypatch.context() as slow:
        slow.setattr("gentrace.local.reading.READ_TIMEOUT", 0)
        slow.setattr("gentrace.local.reading.INSTRUCTIONS_PER_CHECK", 1)
        refused = fresh.get(path)
    assert (refused.status, "longer than 0 seconds" in refused.json["error"]) == (503, True)
    assert fresh.get(path).status == 200


def fill(client):
    for _ in range(3):
        client.post(run_of("one"))


def test_closing_the_server_ends_a_read(connect, monkeypatch):
    """Without waiting for its end, which may be far away."""
    reading = threading.Event()

    def read(connection):
        reading.set()
        return connection.execute(ENDLESS).fetchall()

    monkeypatch.setattr("gentrace.local.reading.read_pipelines", read)
    monkeypatch.setattr("gentrace.local.http_server.GRACE", 0)
    with gentrace.local.serve() as server:
        client = connect(server.url)
        with client.raw(client.head(method="GET", path="/api/v1/pipelines")):
            assert reading.wait(DEADLINE)
            start = time.monotonic()
            server.close()
    assert time.monotonic() - start < READ_TIMEOUT / 2


@pytest.mark.parametrize(
    "path",
    ["/pipeline-runs/any?x=1", "/pipelines?x=1", "/pipeline-runs/export?limit=1"],
)
def test_an_unknown_parameter_is_refused_everywhere(client, path):
    assert client.get(path).status == 400


@pytest.mark.parametrize(
    "filters", [{}, {"has_error": "false"}, {"has_error": "true"}, {"text": "openai"}]
)
def test_pages_follow_each_other_until_none_is_left(client, filters):
    """A page that is full may be the last one."""
    seen, before = [], {}
    while before is not None:
        page = client.get(f"/pipeline-runs?{urlencode({'limit': 2, **filters, **before})}").json
        assert 1 <= len(page["pipelineRuns"]) <= 2
        seen += [run["name"] for run in page["pipelineRuns"]]
        before = page["next"] and {"before": page["next"]}
    assert seen == named(client, filters)


def test_a_summary_has_everything_but_the_body(client):
    (whole,) = client.get("/pipeline-runs?name=answer-question").json["pipelineRuns"]
    (short,) = client.get("/pipeline-runs?name=answer-question&view=summary").json["pipelineRuns"]
    body = whole.pop("pipelineRun")
    assert short == whole
    assert body == run_of("answer-question", {'say "hi"': "x*y"}, **STEP)
    assert {name: short[name] for name in ("startTime", "duration", "steps", "error")} == {
        "startTime": "2023-05-04T09:30:00.125Z",
        "duration": 1250,
        "steps": 1,
        "error": None,
    }
    assert short["timeline"] == [[0, 1250, 0, "openai"]]


def test_an_export_gives_bodies_as_they_were_sent_one_a_line_oldest_first(fresh):
    odd = '{"name": "odd",\r\n "stepRuns": [], "x": [1.10, "\u2028\\n"]}'
    fresh.post(odd)
    fresh.post(run_of("next"))
    export = fresh.get("/pipeline-runs/export")
    assert export.headers["Content-Type"] == "application/jsonl"
    first, second, rest = export.content.split(b"\n")
    assert first.decode() == odd.replace("\r\n", "  ")
    assert json.loads(second) == run_of("next")
    assert rest == b""
    assert fresh.get("/pipeline-runs/export?name=next").content == second + b"\n"
    assert fresh.get("/pipeline-runs/export?name=nope").content == b""


def test_an_export_of_many_runs_has_each_once(fresh, monkeypatch):
    """It reads some of them at a time."""
    monkeypatch.setattr("gentrace.local.retrieval.BATCH", 3)
    monkeypatch.setattr("gentrace.local.reading.CHUNK", 200)
    for number in range(8):
        fresh.post(run_of(f"run {number}"))
    lines = fresh.get("/pipeline-runs/export").content.splitlines()
    assert [json.loads(line)["name"] for line in lines] == [f"run {n}" for n in range(8)]
    listed = [run["name"] for run in fresh.runs()]
    assert listed == [f"run {n}" for n in reversed(range(8))]


def test_pipelines_have_figures_of_their_runs(fresh):
    assert fresh.get("/pipelines").json == {"pipelines": []}
    for number in range(1, 101):
        more = {"error": "boom"} if number == 100 else {}
        fresh.post(run_of("often", elapsedTime=number, **more))
    fresh.post({"name": "unknown", "stepRuns": []})
    last = {run["name"]: run["createdAt"] for run in reversed(fresh.runs())}
    assert fresh.get("/pipelines").json["pipelines"] == [
        {
            "name": "unknown",
            "runs": 1,
            "errorRate": 0.0,
            "medianDuration": None,
            "p95Duration": None,
            "lastRun": last["unknown"],
        },
        {
            "name": "often",
            "runs": 100,
            "errorRate": 0.01,
            "medianDuration": 50,
            "p95Duration": 95,
            "lastRun": last["often"],
        },
    ]


def test_a_deleted_run_is_gone_from_everywhere_with_its_key(fresh):
    run_id = fresh.post(run_of("secret", {"q": "treasure"}), Idempotency_Key="k").json[
        "pipelineRunId"
    ]
    path = f"/api/v1/pipeline-runs/{run_id}"
    assert len(named(fresh, {"text": "treasure"})) == 1
    deleted = fresh.ask("DELETE", path)
    assert (deleted.status, deleted.content) == (204, b"")
    assert fresh.ask("DELETE", path).status == 404
    assert fresh.ask("GET", path).status == 404
    assert fresh.runs() == named(fresh, {"text": "treasure"}) == []
    assert fresh.get("/pipelines").json == {"pipelines": []}
    again = fresh.post(run_of("other"), Idempotency_Key="k")
    assert again.status == 200
    assert again.json["pipelineRunId"] != run_id
