"""A real server on loopback, and clients that say exactly what they are told to."""

import os
import subprocess
import sys

import pytest
from support.local_client import DEADLINE, RUN, Client

import gentrace.local


def _read_all(bare):
    return b"".join(iter(lambda: bare.recv(65536), b""))


@pytest.fixture
def read_all():
    """Read a bare socket to its end."""
    return _read_all


@pytest.fixture
def run():
    return RUN


@pytest.fixture
def connect():
    """Make clients of servers; they are closed at the test's end."""
    clients = []

    def make(url):
        clients.append(Client(url))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture(scope="module")
def _shared():
    with gentrace.local.serve() as server:
        yield server.url


@pytest.fixture
def client(connect, _shared):
    """A client of a server with default settings, which holds what earlier tests stored."""
    return connect(_shared)


@pytest.fixture
def fresh(connect):
    """A client of a server of its own, which holds nothing yet."""
    with gentrace.local.serve() as server:
        yield connect(server.url)


@pytest.fixture
def start(tmp_path):
    """Start `python -m gentrace.local` on a free port; gives the process and its URL."""
    processes = []

    def launch(*arguments, errors=subprocess.PIPE, **environment):
        command = [sys.executable, "-m", "gentrace.local", "--port", "0", *arguments]
        process = subprocess.Popen(  # noqa: S603 - our own module
            command,
            cwd=tmp_path,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        processes.append(process)
        first, second = process.stdout.readline(), process.stdout.readline()
        process.announced = first, second
        return process, first.rpartition(" ")[2].strip()

    yield launch
    for process in processes:
        process.kill()
        if not process.stdout.closed:
            process.communicate()


@pytest.fixture
def finish(tmp_path):
    """Run `python -m gentrace.local` to its end; gives exit code, output and errors."""

    def launch(*arguments, code=None, **environment):
        module = ["-m", "gentrace.local"] if code is None else ["-c", code]
        done = subprocess.run(  # noqa: S603 - our own module
            # From Python 3.12 on it warns of each fork of a process with threads.
            [sys.executable, "-W", "ignore:This process:DeprecationWarning", *module, *arguments],
            cwd=tmp_path,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    return launch
