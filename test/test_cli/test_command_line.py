"""What holds for every command: help, exit codes, and mistakes without a traceback."""

import importlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.peers import Peer, reply

from gentrace import __version__
from gentrace.cli import main
from gentrace.cli.commands import COMMANDS


def test_help_lists_the_commands(command):
    code, output, errors = command("--help")
    assert (code, errors) == (0, "")
    assert all(f"  {name} " in output for name in COMMANDS)


@pytest.mark.parametrize("words", [(), *((name,) for name in COMMANDS)])
def test_help_needs_no_more_than_ascii(finish, words):
    code, output, errors = finish(*words, "--help", PYTHONIOENCODING="ascii")
    assert (code, errors) == (0, "")
    assert "usage: " in output


def test_the_version_is_the_packages(command):
    assert command("--version") == (0, f"gentrace-py {__version__}\n", "")


@pytest.mark.parametrize("words", [(), ("chek",)])
def test_no_command_or_an_unknown_one_is_a_mistake(command, words):
    code, output, errors = command(*words)
    assert (code, output) == (2, "")
    assert "COMMAND" in errors


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_its_help(finish, name):
    code, output, errors = finish(name, "--help")
    assert (code, errors) == (0, "")
    assert "usage: " in output
    assert "--help" in output


def test_the_words_of_the_process_are_taken(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["gentrace", "check", "/no/such/file"])
    assert main() == 2
    assert capsys.readouterr().err.startswith("gentrace check: [Errno 2] No such file")


def test_the_module_is_the_command(finish):
    code, output, errors = finish("check", "missing.jsonl")
    assert (code, output) == (2, "")
    assert errors == "gentrace check: [Errno 2] No such file or directory: 'missing.jsonl'\n"


def test_the_local_server_runs_as_its_own_module_does(start):
    process = start("local", "--port", "0")
    assert process.stdout.readline().startswith("gentrace.local listens on http://127.0.0.1:")
    assert process.stdout.readline().startswith("gentrace.local stores in ")
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 0


def test_a_reader_that_has_enough_ends_the_command_quietly(tmp_path):
    """As `head` does: the pipe is closed before all is printed."""
    file = tmp_path / "runs.jsonl"
    file.write_text("[]\n" * 20_000)
    command = [sys.executable, "-m", "gentrace", "check", str(file)]
    with subprocess.Popen(  # noqa: S603 - our own module
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline().startswith(f"{file}:1: ")
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 1


def test_a_pipe_whose_reader_has_gone_is_no_failure_at_the_exit(monkeypatch, tmp_path):
    """The interpreter flushes the stream once more when it exits."""
    (tmp_path / "runs.jsonl").write_text("[]\n")
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert main(["check", str(tmp_path / "runs.jsonl")]) == 1
        stream.write("more")
        stream.flush()


def test_an_export_without_room_on_standard_output_says_so():
    words = [sys.executable, "-m", "gentrace", "runs", "export", "--host"]
    answer = reply(200, b"{}\n", content_type="application/jsonl")
    with Peer(answer) as peer, Path("/dev/full").open("wb") as full:
        done = subprocess.run(  # noqa: S603 - our own module
            [*words, peer.url], stdout=full, stderr=subprocess.PIPE, check=False, text=True
        )
    assert done.stderr == "gentrace runs: [Errno 28] No space left on device: 'standard output'\n"


@pytest.mark.parametrize(
    ("closed", "word", "expected"),
    [
        ("<&-", "-", (2, "", "gentrace check: -: the standard input is closed\n")),
        (">&-", "good", (0, "", "")),
        (">&-", "bad", (1, "", "")),
        ("2>&-", "good", (0, "1 lines: 1 valid runs, 0 invalid\n", "")),
        ("2>&-", "missing", (2, "", "")),
    ],
)
def test_a_stream_that_is_closed_is_no_traceback(tmp_path, closed, word, expected):
    """What would go there goes nowhere; the exit code says it still."""
    assert _check(tmp_path, word, closed) == expected


NO_ROOM = "gentrace check: [Errno 28] No space left on device: 'standard output'\n"


@pytest.mark.parametrize(
    ("full", "word", "expected"),
    [
        (">/dev/full", "good", (2, "", NO_ROOM)),
        (">/dev/full", "missing", (2, "", "gentrace check: [Errno 2] No such file or directory")),
        (">/dev/full 2>&1", "good", (2, "", "")),
        ("2>/dev/full", "good", (0, "1 lines: 1 valid runs, 0 invalid\n", "")),
        ("2>/dev/full", "missing", (2, "", "")),
    ],
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_stream_without_room_changes_no_exit_code(tmp_path, full, word, expected, unbuffered):
    """Except that a result that cannot be printed is an error."""
    code, output, errors = _check(tmp_path, word, full, PYTHONUNBUFFERED=unbuffered)
    assert (code, output, errors.removesuffix(": 'missing'\n")) == expected


def _check(tmp_path, word, redirection, **environment):
    (tmp_path / "good").write_text('{"name": "a", "stepRuns": []}\n')
    (tmp_path / "bad").write_text("[]\n")
    script = f'exec "$0" -m gentrace check {word} {redirection}'
    done = subprocess.run(  # noqa: S603 - our own module
        ["/bin/sh", "-c", script, sys.executable],
        cwd=tmp_path,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_a_closed_stream_is_one_that_goes_nowhere(monkeypatch, name):
    monkeypatch.setattr(sys, name, None)
    assert main(["check", "/no/such/file"]) == 2
    with getattr(sys, name) as stream:
        assert stream.name == os.devnull


def test_an_interrupt_ends_the_command_with_a_line(start):
    process = start("check", "-")
    process.stdin.write("[]\n" * 5000)
    process.stdin.flush()
    assert (
        process.stdout.readline() == "-:1: expected an object that is a pipeline run, got list []\n"
    )
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (1, "gentrace check: interrupted\n")


def test_an_interrupt_at_any_place_of_a_command_is_said(command, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("gentrace.cli.check.main", interrupt)
    assert command("check", "file") == (1, "", "gentrace check: interrupted\n")


def test_a_process_that_imports_the_module_anew_runs_nothing():
    """As children of `multiprocessing` do."""
    assert vars(importlib.import_module("gentrace.__main__"))["main"] is main


@pytest.mark.parametrize(
    "words",
    [
        ("check", ""),
        ("send", ""),
        ("send", "file", "--rejects", ""),
        ("runs", "export", "--output", ""),
    ],
)
def test_the_empty_name_of_a_file_is_a_mistake(command, words):
    """As of a variable that is not set."""
    code, output, errors = command(*words)
    assert (code, output) == (2, "")
    assert errors.endswith("expected the name of a file, got an empty one\n")
