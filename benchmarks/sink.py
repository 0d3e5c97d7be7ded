"""A server on loopback that takes whatever a recorder sends, and counts its bytes.

It answers every request at once, with a document in which each recorder finds what it looks for.
As a script it prints its port and serves until it is killed. `/received` says how many bytes of
bodies have come.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from contextlib import contextmanager
from threading import Lock, Thread
from typing import TYPE_CHECKING, BinaryIO
from urllib.request import urlopen

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD = (
    b"HTTP/1.1 200 OK\r\n"
    b"Content-Type: application/json; charset=utf-8\r\n"
    b"Content-Length: %d\r\n"
    b"\r\n"
)

_LANGSMITH_BATCHES = {
    "use_multipart_endpoint": True,
    "size_limit": 100,
    "size_limit_bytes": 20 * 1024 * 1024,
    "scale_up_nthreads_limit": 16,
    "scale_up_qsize_trigger": 1000,
    "scale_down_nempty_trigger": 4,
}
"""What langsmith assumes of a server that does not say."""


class Sink:
    """What has come, and what is answered.

    Args:
        port: where it listens.

    """

    def __init__(self, port: int) -> None:
        self._received = 0
        self._lock = Lock()
        organization = {
            "id": "org",
            "name": "org",
            "api_url": f"http://127.0.0.1:{port}",
            "proxy_url": f"http://127.0.0.1:{port}",
            "git_metadata": None,
        }
        self._answer = json.dumps(
            {
                "pipelineRunId": "4b5fdd0e-2f3c-4f6e-9d55-0c3f8f2f6a0e",  # gentrace
                "batch_ingest_config": _LANGSMITH_BATCHES,
                "org_info": [organization],  # braintrust
                "id": "project",  # braintrust
                "name": "benchmark",
            }
        ).encode()

    def serve(self, connection: socket.socket) -> None:
        """Respond to the requests of one connection until the client closes it."""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, connection.makefile("rb") as stream:
            try:
                while line := stream.readline():
                    size = self._read(stream)
                    with self._lock:
                        self._received += size
                    received = b"%d" % self._received
                    answer = received if line.startswith(b"GET /received ") else self._answer
                    connection.sendall(_HEAD % len(answer) + answer)
            except ConnectionError:
                return

    def _read(self, stream: BinaryIO) -> int:
        """Read the rest of a request; return the size of its body."""
        size, is_chunked = 0, False
        while (line := stream.readline().strip().lower()) != b"":
            name, _, value = line.partition(b":")
            if name == b"content-length":
                size = int(value)
            is_chunked = is_chunked or (name == b"transfer-encoding" and b"chunked" in value)
        if not is_chunked:
            return len(stream.read(size))
        while count := int(stream.readline().split(b";")[0], 16):
            size += len(stream.read(count))
            stream.readline()
        while stream.readline().strip():
            pass  # trailers
        return size


def main() -> None:
    """Listen on a free port of loopback and serve each connection in a thread."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    port = listener.getsockname()[1]
    sink = Sink(port)
    print(port, flush=True)
    while True:
        connection, _ = listener.accept()
        Thread(target=sink.serve, args=(connection,), daemon=True).start()


def received(url: str) -> int:
    """Return how many bytes of bodies a sink has taken."""
    with urlopen(f"{url}/received") as answer:  # noqa: S310 - our own server
        return int(answer.read())


@contextmanager
def running() -> Iterator[str]:
    """Run a sink in another process; yield its URL."""
    command = [sys.executable, "-I", __file__]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - this file
        try:
            assert process.stdout is not None  # noqa: S101 - for the type checkers
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


if __name__ == "__main__":
    main()
