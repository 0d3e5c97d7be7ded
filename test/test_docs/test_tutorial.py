"""The tutorial, as a reader follows it: its commands and its programs, in one folder."""

import re
import signal
import subprocess
import sys

import pytest


@pytest.fixture
def tutorial(root):
    return (root / "docs" / "first-pipeline.md").read_text("utf-8")


@pytest.fixture
def commands(tutorial):
    """What the indented lines give to `python`."""
    text = re.sub(r"^```.*?^```$", "", tutorial, flags=re.MULTILINE | re.DOTALL)
    found = re.findall(r"^ {4}\.venv/bin/python (.+)$", text, re.MULTILINE)
    return [line.split() for line in found]


@pytest.fixture
def server(commands, tmp_path):
    """The server that the tutorial starts, on a free port; gives the host that it says."""
    command = [*commands[0], "--port", "0"]
    with subprocess.Popen(  # noqa: S603 - our own page
        [sys.executable, "-u", *command],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield re.search(r"http://\S+", process.stdout.readline())[0]
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)


@pytest.fixture
def programs(blocks, tmp_path):
    """The scripts of the tutorial."""
    scripts = []
    for block in blocks:
        if block.page == "docs/first-pipeline.md":
            scripts.append(tmp_path / f"line_{block.line}.py")
            scripts[-1].write_text(block.code, "utf-8")
    return scripts


def test_tutorial_records_what_it_says(commands, server, programs, run_python):
    """Its programs store their runs, and its command lists them."""
    for program in programs:
        run_python(program, GENTRACE_HOST=server)
    assert len(commands) == 2
    listed = run_python(*commands[1], "--json", GENTRACE_HOST=server)
    # The first program knows nothing of gentrace yet.
    assert listed.count("answer-question") == len(programs) - 1


def test_tutorial_exports_the_host_that_the_server_says(tutorial):
    """Without a port of its own, the server listens where the reader is told to send."""
    assert "    export GENTRACE_HOST=http://127.0.0.1:8371/api/v1" in tutorial
