"""`gentrace runs`: list, show, export and delete what a local server has stored."""

import json
import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from support.peers import Peer, head_of, raw, reply, then

import gentrace
import gentrace.local
from gentrace.cli import main, runs, runs_server
from gentrace.runs import RunsApi


@pytest.fixture(scope="module")
def _shared():
    with gentrace.local.serve() as server:
        yield server


@pytest.fixture
def client(_shared, monkeypatch):
    """A client of an empty server, which the environment names."""
    monkeypatch.setenv("GENTRACE_HOST", _shared.url)
    with gentrace.ApiClient(gentrace.Configuration(_shared.url)) as made:
        api = RunsApi(made)
        for run in list(api.runs_iterate(limit=1000, view="summary")):
            api.run_delete(run.pipeline_run_id)
        yield made


@pytest.fixture
def store(client):
    """Store a run; gives its id."""

    def post(name="answer-question", *steps, **more):
        run = {"name": name, "stepRuns": list(steps) or [{"elapsedTime": 10}], **more}
        return gentrace.IngestionApi(client).pipeline_run_post(run).body.pipeline_run_id

    return post


def step(name, start, elapsed, **more):
    provider = {"name": name, "invocation": f"{name}.call"}
    time = f"2023-05-04T09:30:{start:02}Z"
    return {"provider": provider, "startTime": time, "elapsedTime": elapsed, **more}


def test_help_lists_the_commands(command):
    code, output, errors = command("runs", "--help")
    assert (code, errors) == (0, "")
    assert all(f"  {name} " in output for name in runs.COMMANDS)


@pytest.mark.parametrize("words", [(), ("lst",), ("show",), ("delete",), ("list", "--limit", "x")])
def test_a_command_that_is_not_there_or_lacks_something_is_a_mistake(command, words):
    code, output, errors = command("runs", *words)
    assert (code, output) == (2, "")
    assert "usage: gentrace runs" in errors


@pytest.mark.parametrize("name", runs.COMMANDS)
def test_each_command_has_its_help(finish, name):
    code, output, errors = finish("runs", name, "--help")
    assert (code, errors) == (0, "")
    assert f"usage: gentrace runs {name}" in output


def test_runs_stand_in_a_table_the_newest_first(command, store):
    first = store("slow", {"elapsedTime": 1500}, {})
    second = store("answer", {"elapsedTime": 90_500, "error": "boom"})
    third = store("unknown", {})
    code, output, errors = command("runs", "list")
    assert (code, errors) == (0, "")
    rows = [line.split() for line in output.splitlines()]
    assert rows[0] == ["ID", "STORED", "TOOK", "STEPS", "FAILED", "NAME", "ERROR"]
    assert [row[0] for row in rows[1:]] == [third, second, first]
    assert rows[1][2:] == ["-", "1", "unknown"]
    assert rows[2][2:] == ["1", "min", "30", "s", "1", "1", "answer", "boom"]
    assert rows[3][2:] == ["1.50", "s", "2", "slow"]
    # Names begin in one column.
    starts = {
        line.index(name)
        for line, name in zip(output.splitlines()[1:], ("unknown", "answer", "slow"), strict=True)
    }
    assert len(starts) == 1


def test_an_object_a_run_for_programs(report, store):
    stored = [store() for _ in range(3)]
    code, printed = report("runs", "list", "--limit", 2)
    assert code == 0
    assert [run["pipelineRunId"] for run in printed] == stored[:0:-1]
    assert printed[0]["steps"] == 1
    assert "pipelineRun" not in printed[0]


def test_more_runs_than_are_shown_are_said(command, store):
    for _ in range(3):
        store()
    code, output, errors = command("runs", "list", "--limit", 2)
    assert (code, len(output.splitlines())) == (0, 3)
    assert errors == "gentrace runs list: there are more; --limit N shows more than 2\n"
    for enough in (3, 10**23):
        assert command("runs", "list", "--limit", enough)[2] == ""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), ["failed", "slow", "plain"]),
        (("--name", "slow"), ["slow"]),
        (("--text", "fran*"), ["plain"]),
        (("--errors",), ["failed"]),
        (("--no-errors",), ["slow", "plain"]),
        (("--min-duration", "1000"), ["slow"]),
        (("--since", "2023-05-04T09:30:00Z"), ["failed", "slow", "plain"]),
        (("--until", "2023-05-04T09:30:00Z"), []),
    ],
)
def test_filters_hold_for_the_list_and_the_export(command, report, store, words, expected):
    store("plain", {"provider": {"inputs": {"q": "The capital of France"}}})
    store("slow", {"elapsedTime": 2000})
    store("failed", {"error": "boom"})
    assert [run["name"] for run in report("runs", "list", *words)[1]] == expected
    code, output, errors = command("runs", "export", "--output", "-", *words)
    assert (code, errors) == (0, "")
    assert [json.loads(line)["name"] for line in output.splitlines()] == expected[::-1]


def test_a_run_is_shown_on_a_time_axis(command, store, monkeypatch):
    """40 characters: 13 of them a label, 6 a length of time, 17 the axis of four seconds."""
    monkeypatch.setenv("COLUMNS", "20")
    run_id = store(
        "answer-question",
        step("db", 0, 1000),
        step("model", 1, 3000, error="boom"),
        step("db", 4, 0),
    )
    code, output, errors = command("runs", "show", run_id)
    assert (code, errors) == (0, "")
    facts, _, timeline = output.partition("\n\n")
    shown = dict(line.split(maxsplit=1) for line in facts.splitlines())
    assert (shown["name"], shown["id"]) == ("answer-question", run_id)
    assert (shown["started"], shown["took"]) == ("2023-05-04T09:30:00Z", "4.00 s")
    assert (shown["steps"], shown["error"]) == ("3, 1 failed", "boom")
    assert timeline.splitlines() == [
        "  db db.call    ████              1.00 s",
        "! model model.…     █████████████ 3.00 s",
        "  db db.call                    █   0 ms",
    ]


def test_a_run_without_errors_steps_or_times_is_shown(command, store, client):
    code, output, errors = command("runs", "show", store("no-times", {}))
    assert (code, errors) == (0, "")
    assert "error" not in output
    assert "█" in output
    empty = gentrace.IngestionApi(client).pipeline_run_post({"name": "empty", "stepRuns": []})
    code, output, errors = command("runs", "show", empty.body.pipeline_run_id)
    assert (code, errors) == (0, "")
    assert output.endswith("steps    0\nbytes    30\n")


def test_of_many_steps_those_that_matter_are_shown(command, store):
    run_id = store("many", *[step(f"s{n}", 0, n) for n in range(100)])
    code, output, _ = command("runs", "show", run_id)
    assert code == 0
    assert output.endswith("60 of 100 steps: those that failed and the longest\n")
    assert " s99 " in output
    assert " s1 " not in output


def test_a_terminal_without_blocks_gets_plain_signs(finish, store):
    run_id = store("plain", step("db", 0, 1000))
    code, output, errors = finish("runs", "show", run_id, PYTHONIOENCODING="ascii")
    assert (code, errors) == (0, "")
    assert "####" in output


def test_all_of_a_run_for_programs(report, store):
    run_id = store("answer", {"provider": {"outputs": {"a": 1}}})
    code, (run,) = report("runs", "show", run_id)
    assert (code, run["pipelineRunId"]) == (0, run_id)
    assert run["pipelineRun"]["stepRuns"][0]["provider"]["outputs"] == {"a": 1}


def test_what_others_wrote_cannot_act_on_the_terminal(command, store):
    evil = "\x1b[2J\u202egnp.exe\nx" + "n" * 5000
    run_id = store(evil, step("\x07bell", 0, 10), error=evil)
    for words in (("list",), ("show", run_id)):
        code, output, _ = command("runs", *words)
        assert code == 0
        assert "\\x1b[2J\\u202egnp.exe\\nx" in output
        assert not set("\x1b\u202e\x07") & set(output)
        assert max(map(len, output.splitlines())) < 1100
    assert "\\x07bell" in output


def test_an_export_can_be_sent_again(command, store, tmp_path):
    for number in range(3):
        store(f"n{number}")
    file = tmp_path / "runs.jsonl"
    assert command("runs", "export", "--output", file) == (0, "", "")
    assert list(tmp_path.iterdir()) == [file]
    code, output, _ = command("send", file, "--json")
    assert (code, json.loads(output)["sent"]) == (0, 3)


@pytest.mark.parametrize("was_there", [True, False])
def test_an_export_to_a_link_writes_the_file_behind_it(command, store, tmp_path, was_there):
    store()
    folder, link = tmp_path / "folder", tmp_path / "link"
    folder.mkdir()
    file = folder / "runs.jsonl"
    if was_there:
        file.write_text("before\n")
    link.symlink_to(file)
    assert command("runs", "export", "--output", link) == (0, "", "")
    assert link.is_symlink()
    assert json.loads(file.read_text())["name"] == "answer-question"
    assert list(folder.iterdir()) == [file]


def test_an_export_to_a_pipe_leaves_it_a_pipe(command, store, tmp_path):
    store()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with os.fdopen(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)) as reader:
        assert command("runs", "export", "--output", pipe) == (0, "", "")
        assert json.loads(reader.read())["name"] == "answer-question"
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_failed_export_leaves_the_file_as_it_was(command, tmp_path):
    file = tmp_path / "runs.jsonl"
    file.write_text("before\n")
    fields = [("Content-Type", "application/jsonl"), ("Transfer-Encoding", "chunked")]
    short = raw(head_of(200, headers=fields), b"5\r\nline\n\r\n")
    with Peer(short) as peer:
        code, output, errors = command("runs", "export", "--output", file, "--host", peer.url)
    assert (code, output) == (2, "")
    assert "the connection was closed before a whole answer" in errors
    assert file.read_text() == "before\n"
    assert list(tmp_path.iterdir()) == [file]


def test_an_export_writes_over_no_other_file_and_keeps_the_mode(command, store, tmp_path):
    store()
    file, new = tmp_path / "runs.jsonl", tmp_path / ("n" * 250 + ".json")
    file.touch(0o640)
    (tmp_path / "runs.jsonl.part").write_text("mine\n")
    assert command("runs", "export", "--output", file)[0] == 0
    assert command("runs", "export", "--output", new)[0] == 0
    assert (tmp_path / "runs.jsonl.part").read_text() == "mine\n"
    assert (file.stat().st_mode & 0o777, new.stat().st_mode & 0o777) == (0o640, 0o600)
    assert len(list(tmp_path.iterdir())) == 3


def test_two_exports_to_one_file_at_once_leave_all_of_one(tmp_path):
    """Whichever ends last."""
    file, begun = tmp_path / "runs.jsonl", threading.Barrier(2)
    with ExitStack() as stack:
        ends = []
        for number in range(2):
            text = f'{{"name": "{number}"}}\n' * 99_999
            meet = then(lambda *_: begun.wait(20), lines(text))
            peer = stack.enter_context(Peer(meet))
            words = ["runs", "export", "--output", str(file), "--host", peer.url]
            ends.append(stack.enter_context(ThreadPoolExecutor(1)).submit(main, words))
        assert [end.result(60) for end in ends] == [0, 0]
    written = file.read_text().splitlines()
    assert (len(written), len(set(written))) == (99_999, 1)
    assert list(tmp_path.iterdir()) == [file]


def lines(text):
    return reply(200, text.encode(), content_type="application/jsonl")


@pytest.mark.parametrize("words", [("export", "--output", "file"), ("delete", "1")])
def test_the_page_of_another_server_is_no_export_and_deletes_nothing(
    command, tmp_path, monkeypatch, words
):
    """Such as one to log in on."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("before\n")
    with Peer(reply(200, b"<html>Please log in", content_type="text/html")) as peer:
        code, output, errors = command("runs", *words, "--host", peer.url)
    assert (code, output, errors.count("\n")) == (2, "", 1)
    assert "expected " in errors
    assert (tmp_path / "file").read_text() == "before\n"
    assert len(list(tmp_path.iterdir())) == 1


def test_runs_are_deleted_by_their_ids(command, report, store):
    first, second, third = store(), store(), store()
    assert command("runs", "delete", first, second) == (
        0,
        f"deleted {first}\ndeleted {second}\n",
        "",
    )
    code, output, errors = command("runs", "delete", first, third)
    assert (code, output) == (1, f"deleted {third}\n")
    assert errors == f"gentrace runs delete: there is no run {first}\n"
    fourth = store()
    assert report("runs", "delete", fourth, first) == (
        1,
        [{"pipelineRunId": fourth, "deleted": True}, {"pipelineRunId": first, "deleted": False}],
    )
    assert report("runs", "list") == (0, [])


@pytest.mark.usefixtures("client")
def test_a_run_that_is_not_there_is_said(command):
    words = ("runs", "show", "none")
    assert command(*words) == (1, "", "gentrace runs show: there is no run none\n")


@pytest.mark.parametrize("name", ["show", "delete"])
def test_a_run_is_not_said_to_be_missing_where_the_path_is_wrong(command, store, name):
    """It may be there, and private."""
    run_id = store()
    other = reply(404, b"<html>Not found", content_type="text/html")
    with Peer(other) as peer:
        for host in (os.environ["GENTRACE_HOST"].removesuffix("/api/v1"), peer.url):
            code, output, errors = command("runs", name, run_id, "--host", host)
            assert (code, output, "there is no run" in errors) == (2, "", False)
            assert errors.endswith(
                "(check Configuration.host or GENTRACE_HOST, which includes the path of the API)\n"
            )
    assert command("runs", "show", run_id)[0] == 0


def test_a_mistake_in_the_variable_names_it(command, monkeypatch):
    monkeypatch.setenv("GENTRACE_HOST", "nowhere")
    code, output, errors = command("runs", "list")
    assert (code, output) == (2, "")
    assert errors.startswith("gentrace runs: environment variable GENTRACE_HOST: expected")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("list", "--limit", "0"), "--limit: expected"),
        (("list", "--since", "yesterday"), "--since: expected"),
        (("list", "--text", "*"), "text"),
        (("show", ".."), "id: expected"),
        (("export", "--output", "/no/such/file"), "No such file or directory: '/no/such/file'"),
        (("export", "--output", "/dev/full"), "No space left on device: '/dev/full'"),
        (("list", "--host", "nowhere"), "host"),
        # As of a variable that is not set: it stands for no other server.
        (("delete", "--host", "", "1"), "--host: expected"),
    ],
)
def test_a_mistake_is_one_line(command, store, words, error):
    store()
    code, output, errors = command("runs", *words)
    assert (code, output) == (2, "")
    assert errors.startswith("gentrace runs: ")
    assert error in errors
    assert errors.count("\n") == 1


def test_a_server_that_is_not_there_is_one_line(command):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    code, output, errors = command("runs", "list", "--host", f"http://127.0.0.1:{port}/api/v1")
    assert (code, output, errors.count("\n")) == (2, "", 1)


@pytest.fixture
def guarded(monkeypatch):
    """A server with a token, where `gentrace local` listens by default; the token is set."""
    with gentrace.local.serve(token="secret") as server:  # noqa: S106 - of a test
        monkeypatch.setenv("GENTRACE_API_KEY", "secret")
        monkeypatch.setattr(runs_server, "DEFAULT_HOST", server.url)
        yield server


def test_a_server_that_is_not_named_gets_no_token(command, guarded, monkeypatch):
    code, output, errors = command("runs", "list")
    assert (code, output) == (2, "")
    assert "(the token is sent only to a server that is named: set GENTRACE_HOST)" in errors
    assert command("runs", "list", "--host", guarded.url)[0] == 0
    monkeypatch.setenv("GENTRACE_HOST", guarded.url)
    assert command("runs", "list")[0] == 0
    monkeypatch.setenv("GENTRACE_API_KEY", "wrong")
    code, _, errors = command("runs", "list")
    assert (code, "only to a server" in errors) == (2, False)
