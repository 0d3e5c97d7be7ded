"""The tutorial, as a reader follows it: its commands and its programs, in one folder."""

import os
import re
import signal
import subprocess
import sys

import pytest

PORT = "8371"


@pytest.fixture
def tutorial(root):
    return (root / "docs" / "first-pipeline.md").read_text("utf-8")


@pytest.fixture
def commands(tutorial):
    """What the indented lines run, without the `python` that runs it."""
    lines = re.findall(
        r"^ {4}(\S.*)$", re.sub(r"^```.*?^```$", "", tutorial, flags=re.M | re.S), re.M
    )
    python = ".venv/bin/python "
    return [line.removeprefix(python).split() for line in lines if line.startswith(python)]


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


@pytest.mark.usefixtures("tmp_path")
def test_tutorial_records_what_it_says(tutorial, commands, server, blocks, run_python, tmp_path):
    """Its programs store their runs, and its command lists them."""
    assert f"http://127.0.0.1:{PORT}/api/v1" in tutorial
    programs = [block.code for block in blocks if block.page == "docs/first-pipeline.md"]
    for program in programs:
        (tmp_path / "program.py").write_text(program, "utf-8")
        run_python("program.py", GENTRACE_HOST=server)
    listed = run_python(*commands[1], "--json", GENTRACE_HOST=server)
    # The first program knows nothing of gentrace; one step of the others fails.
    assert listed.count("answer-question") == len(programs) - 1
    assert listed.count("TimeoutError") <= 1
    assert commands[2:] == []


def test_tutorial_exports_the_host_that_the_server_says(tutorial):
    """Without a port of its own, the server listens where the reader is told to send."""
    assert f"    export GENTRACE_HOST=http://127.0.0.1:{PORT}/api/v1" in tutorial
    assert os.environ.get("GENTRACE_HOST") is None
