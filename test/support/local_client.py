"""A client of a local server that says exactly what it is told to."""

import http.client
import json
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

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
