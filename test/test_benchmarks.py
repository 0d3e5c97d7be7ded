"""The pieces of the benchmarks that need no environment of their own."""

import json
import os
import runpy
import socket
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from gentrace.testing import serve

FOLDER = Path(__file__).parent.parent / "benchmarks"
PAYLOADS = runpy.run_path(str(FOLDER / "payloads.py"))


@pytest.mark.parametrize("steps", PAYLOADS["STEPS"])
def test_a_chat_step_is_of_1_4_kilobytes(steps):
    body = PAYLOADS["chat"](steps)
    assert len(body["stepRuns"]) == steps
    assert 1350 * steps < PAYLOADS["encoded_size"](body) < 1450 * steps


def test_floats_are_ten_embeddings_of_1536():
    steps = PAYLOADS["floats"]()["stepRuns"]
    assert [len(step["provider"]["outputs"]["embedding"]) for step in steps] == [1536] * 10


def test_payloads_are_the_same_in_every_run():
    again = runpy.run_path(str(FOLDER / "payloads.py"))
    for name, arguments in (("chat", (3,)), ("floats", ()), ("nested", (20,))):
        assert PAYLOADS[name](*arguments) == again[name](*arguments)


def test_depth_is_what_it_says():
    text = json.dumps(PAYLOADS["nested"](100))
    assert text.count('"thought"') == 99  # the innermost object is empty


@pytest.mark.parametrize(("ending", "characters"), [("", 1024 * 1024), ("!", 1024 * 1024 + 50)])
def test_texts_have_the_size_that_is_asked_for(ending, characters):
    body = PAYLOADS["texts"]("a", 1024 * 1024, ending)
    documents = body["stepRuns"][0]["provider"]["inputs"]["documents"]
    assert characters - 50 < sum(map(len, documents)) <= characters


def test_every_script_is_python(monkeypatch):
    """A client's script, its functions and the program of its cold start compile."""
    monkeypatch.syspath_prepend(str(FOLDER.parent))
    clients = import_module("benchmarks.clients").CLIENTS.values()
    peers = import_module("benchmarks.peers").PEERS.values()
    recorders = import_module("benchmarks.recorders")
    others = [*peers, *recorders.PEERS.values()]
    for client in [*clients, *recorders.RECORDERS.values(), *(client for client, _ in others)]:
        script = client.script("http://127.0.0.1:1/api/v1")
        compile(script["code"], client.title, "exec")
        compile(client.program("http://127.0.0.1:1/api/v1"), client.title, "exec")
        for prepare, expression in script["functions"].values():
            compile(prepare, client.title, "eval")
            compile(expression, client.title, "eval")


@pytest.mark.parametrize("length", ["content-length: 5", "transfer-encoding: chunked"])
def test_the_sink_counts_bodies(monkeypatch, length):
    """Both kinds of bodies count, without their framing."""
    monkeypatch.syspath_prepend(str(FOLDER.parent))
    sink = import_module("benchmarks.sink")
    body = b"hello" if "length:" in length else b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nA: b\r\n\r\n"
    with sink.running() as url:
        address, _, port = url.removeprefix("http://").partition(":")
        with socket.create_connection((address, int(port))) as connection:
            for count in (5, 10):
                connection.sendall(f"POST /x HTTP/1.1\r\n{length}\r\n\r\n".encode() + body)
                assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")
                assert sink.received(url) == count


@pytest.mark.parametrize("name", ["gentrace_recorder", "by_hand"])
def test_a_program_of_user_code_keeps_the_step_that_fails(tmp_path, name):
    """Its exception passes on, and the run arrives with the error of its last step."""
    with serve() as server:
        program = FOLDER / "user_code" / f"{name}.py"
        environment = {
            **os.environ,
            "PYTHONPATH": str(FOLDER.parent),
            "GENTRACE_HOST": server.url,
            "GENTRACE_API_KEY": "key",
            "NO_PROXY": "127.0.0.1",
        }
        environment.pop("GENTRACE_DISABLED", None)
        command = [sys.executable, str(program), "2"]
        result = subprocess.run(  # noqa: S603 - a program of ours
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert "ValueError: the model cannot be called like this" in result.stderr
        [run] = server.wait_for_runs(1)
    errors = [step.get("error") for step in run["stepRuns"]]
    assert errors == [None, None, "ValueError: the model cannot be called like this"]


def test_lines_are_counted_whatever_their_indent(monkeypatch):
    """The program that differs from itself in nothing has no line more."""
    monkeypatch.syspath_prepend(str(FOLDER.parent))
    lines = import_module("benchmarks.lines")
    assert lines.added("plain") == 0
    assert lines.added("gentrace_recorder") == 7
