"""A real server on loopback, and clients that say exactly what they are told to."""

import http.client
import json
import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

import gentrace.local

RUN = {"name": "answer-question", "stepRuns": [{"elapsedTime": 1250}]}
DEADLINE = 20


@dataclass
class Reply:
    status: int
    headers: http.client.HTTPMessage
    content: bytes

    @property
    def json(self):
        return json.loads(self.content)


class Client:
    """One keep-alive connection to a server, by the URL that a configuration gets."""

    def __init__(self, url):
        parts = urlsplit(url)
        self.host, self.port, self.api = parts.hostname, parts.port, parts.path
        self.connection = http.client.HTTPConnection(self.host, self.port, timeout=DEADLINE)

    def ask(self, method, path, body=None, headers=()):
        self.connection.request(method, path, body, dict(headers))
        response = self.connection.getresponse()
        return Reply(response.status, response.headers, response.read())

    def post(self, body=RUN, **headers):
        """Send a run: bytes and str as they are, everything else as JSON; `a_b` is `a-b`."""
        if isinstance(body, str):
            body = body.encode()
        elif not isinstance(body, bytes):
            body = json.dumps(body).encode()
        named = {"Content-Type": "application/json"}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("POST", f"{self.api}/pipeline-run", body, named)

    def get(self, path="/pipeline-runs", **headers):
        return self.ask("GET", self.api + path, headers=headers)

    def runs(self):
        return self.get().json["pipelineRuns"]

    @contextmanager
    def raw(self, *pieces):
        """A bare socket on which the pieces were sent."""
        with socket.create_connection((self.host, self.port), timeout=DEADLINE) as bare:
            for piece in pieces:
                bare.sendall(piece)
            yield bare

    def head(self, *lines, method="POST", path=None):
        """The head of a request, for `raw`."""
        start = f"{method} {path or self.api + '/pipeline-run'} HTTP/1.1"
        host = f"Host: {self.host}:{self.port}"
        return "\r\n".join([start, host, *lines, "", ""]).encode()

    def close(self):
        self.connection.close()


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
            [sys.executable, *module, *arguments],
            cwd=tmp_path,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    return launch
