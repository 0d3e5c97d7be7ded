"""Commands, in this process and as processes."""

import gzip
import json
import os
import pty
import subprocess
import sys
import termios
from contextlib import suppress

import pytest

from gentrace.cli import main

DEADLINE = 60


@pytest.fixture
def command(capsys):
    """Carry out a command in this process; gives exit code, output and errors."""

    def run(*words):
        capsys.readouterr()
        try:
            code = main([str(word) for word in words])
        except SystemExit as end:
            code = end.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def report(command):
    """Carry out a command with `--json`; gives exit code and the values that it printed."""

    def run(*words):
        code, output, errors = command(*words, "--json")
        assert errors == ""
        return code, [json.loads(line) for line in output.splitlines()]

    return run


@pytest.fixture
def file(tmp_path):
    """Write lines to a file, packed where its name ends with `.gz`; gives its path."""

    def write(texts, name="runs.jsonl"):
        path = tmp_path / name
        content = "\n".join(texts).encode()
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    return write


@pytest.fixture
def start(tmp_path):
    """Start `python -m gentrace` as a process; it is killed at the test's end."""
    processes = []

    def launch(*words, given=subprocess.PIPE, errors=subprocess.PIPE, **environment):
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "gentrace", *map(str, words)],
            cwd=tmp_path,
            env=os.environ | environment,
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        processes.append(process)
        return process

    yield launch
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def finish(start):
    """Run `python -m gentrace` to its end; gives exit code, output and errors."""

    def launch(*words, given="", **environment):
        process = start(*words, **environment)
        output, errors = process.communicate(given, timeout=DEADLINE)
        return process.returncode, output, errors

    return launch


@pytest.fixture
def start_on_terminal(start):
    """Run `python -m gentrace` to its end; gives exit code, output and what a terminal got."""
    pytest.importorskip("tqdm", reason="tqdm is not installed")

    def launch(*words, given="", **environment):
        screen, terminal = pty.openpty()
        termios.tcsetwinsize(terminal, (24, 120))
        process = start(*words, errors=terminal, **environment)
        os.close(terminal)
        process.stdin.write(given)
        process.stdin.close()
        shown = []
        # A terminal that nobody has any more cannot be read.
        with suppress(OSError):
            while piece := os.read(screen, 65536):
                shown.append(piece)
        os.close(screen)
        # It is closed, and no more to be written to.
        process.stdin = None
        output, _ = process.communicate(timeout=DEADLINE)
        return process.returncode, output, b"".join(shown).decode()

    return launch
