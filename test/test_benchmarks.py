"""The pieces of the benchmarks that need no environment of their own."""

import json
import runpy
from importlib import import_module
from pathlib import Path

import pytest

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
    for client in [*clients, *(client for client, _ in peers)]:
        script = client.script("http://127.0.0.1:1/api/v1")
        compile(script["code"], client.title, "exec")
        compile(client.program("http://127.0.0.1:1/api/v1"), client.title, "exec")
        for prepare, expression in script["functions"].values():
            compile(prepare, client.title, "eval")
            compile(expression, client.title, "eval")
