"""A minimal HTTP server on loopback: it reads a whole body and responds at once.

It does as little as HTTP asks for, so that what is measured is the client. As a script it prints
its port and serves until it is killed. A path with ``/stream/`` in it is answered with 512 MiB.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

STREAMED_SIZE = 512 * 1024 * 1024

_ANSWER = b'{"pipelineRunId":"4b5fdd0e-2f3c-4f6e-9d55-0c3f8f2f6a0e"}'
_HEAD = (
    b"HTTP/1.1 200 OK\r\n"
    b"Date: Mon, 04 May 2026 09:30:00 GMT\r\n"
    b"Server: benchmark\r\n"
    b"Content-Type: application/json; charset=utf-8\r\n"
    b"Content-Length: %d\r\n"
    b"\r\n"
)
_STORED = _HEAD % len(_ANSWER) + _ANSWER
_PIECE = b" " * (1024 * 1024)


def _serve(connection: socket.socket) -> None:
    """Respond to the requests of one connection until the client closes it."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    scratch = memoryview(bytearray(1024 * 1024))
    received = b""
    while True:
        while (end := received.find(b"\r\n\r\n")) < 0:
            piece = connection.recv(256 * 1024)
            if not piece:
                return
            received += piece
        head = received[:end].lower()
        _, found, rest = head.partition(b"\r\ncontent-length:")
        size = int(rest.split(b"\r\n", 1)[0]) if found else 0
        missing = size - (len(received) - end - 4)
        while missing > 0:
            count = connection.recv_into(scratch, min(missing, len(scratch)))
            if not count:
                return
            missing -= count
        received = b""
        if b"/stream/" in head.split(b"\r\n", 1)[0]:
            connection.sendall(_HEAD % STREAMED_SIZE)
            for _ in range(STREAMED_SIZE // len(_PIECE)):
                connection.sendall(_PIECE)
        else:
            connection.sendall(_STORED)


def _serve_quietly(connection: socket.socket) -> None:
    with connection:
        try:
            _serve(connection)
        except ConnectionError:
            return


def main() -> None:
    """Listen on a free port of loopback and serve each connection in a thread."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    print(listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        Thread(target=_serve_quietly, args=(connection,), daemon=True).start()


@contextmanager
def running() -> Iterator[str]:
    """Run the server in another process; yield its URL."""
    command = [sys.executable, "-I", __file__]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - this file
        try:
            assert process.stdout is not None  # noqa: S101 - for the type checkers
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


if __name__ == "__main__":
    main()
