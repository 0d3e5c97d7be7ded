"""The server: it accepts connections, reads requests, and answers each with the next step."""

import contextlib
import errno
import json
import select
import socket
import ssl
import struct
import threading

import pytest
from support.peers.steps import echo
from support.waiting import PATIENCE, wait_until

KEPT = 1024 * 1024
PAUSE = 0.02


class Request:
    """One request, from the moment its head is whole; `whole` is set when its body is."""

    def __init__(self, head, connection):
        first, *fields = head.decode("latin-1").split("\r\n")
        self.method, self.target, self.version = first.split(" ", 2)
        self.headers = [(n, v.strip()) for n, _, v in (field.partition(":") for field in fields)]
        self.connection = connection
        self.body = b""
        self.whole = False

    def all(self, name):
        return [value for n, value in self.headers if n.lower() == name.lower()]

    def __getitem__(self, name):
        return next(iter(self.all(name)), None)

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.method} {self.target}>"


class Talk:
    """The server's end of one connection."""

    def __init__(self, peer, sock, number):
        self.peer = peer
        self.sock = sock
        self.number = number
        self.seen = bytearray()
        self._buffer = bytearray()

    def send(self, *pieces):
        for piece in pieces:
            self.sock.sendall(piece.encode("latin-1") if isinstance(piece, str) else piece)

    def receive(self, most=65536):
        """Some bytes; EOFError when the client closed."""
        data = self.sock.recv(most)
        if not data:
            raise EOFError
        self.seen += data[: max(0, KEPT - len(self.seen))]
        return data

    def read(self, size):
        while len(self._buffer) < size:
            self._buffer += self.receive()
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def read_until(self, end):
        searched = 0
        while (place := self._buffer.find(end, searched)) < 0:
            searched = max(0, len(self._buffer) - len(end))
            self._buffer += self.receive()
        return self.read(place + len(end))[: -len(end)]

    def read_head(self):
        request = Request(self.read_until(b"\r\n\r\n"), self.number)
        self.peer.requests.append(request)
        return request

    def read_body(self, request):
        if request["Transfer-Encoding"] == "chunked":
            while size := int(self.read_until(b"\r\n"), 16):
                request.body += self.read(size)
                self.read(2)
            self.read_until(b"\r\n")
        else:
            request.body = self.read(int(request["Content-Length"] or 0))
        request.whole = True

    def stall(self):
        """Say nothing until the client or the test ends."""
        while not self.ended:
            self.pause()
        raise EOFError

    @property
    def ended(self):
        """Whether the test ended or the client closed."""
        poll = select.poll()
        poll.register(self.sock, select.POLLRDHUP)
        return self.peer.stopping or bool(poll.poll(0))

    def pause(self, seconds=PAUSE):
        self.peer.stop_event.wait(seconds)

    def shut(self):
        """Wake whoever reads or writes, from another thread."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def reset(self):
        """Close with RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.socket.close(self.sock)


class Peer:
    """A server; see the top of this module."""

    def __init__(self, *steps, greet=None, tls=None, host="127.0.0.1", port=0, window=None):
        self._steps = steps or (echo,)
        self._greet = greet
        self._tls = tls
        self._lock = threading.Lock()
        self._talks = set()
        self._threads = []
        self.stop_event = threading.Event()
        self.requests = []
        self.failures = []
        self.connections = 0
        self._taken = 0
        self.all_talks = []
        self._listener = _listen(host, port)
        if window is not None:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        self.address = self._listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        self.origin = self.at(shown)
        self.url = f"{self.origin}/api/v1"

    def at(self, name, scheme=None):
        """The origin under another name or scheme."""
        return f"{scheme or ('https' if self._tls else 'http')}://{name}:{self.address[1]}"

    @property
    def stopping(self):
        return self.stop_event.is_set()

    @property
    def open(self):
        return len(self._talks)

    @property
    def received(self):
        return b"".join(bytes(talk.seen) for talk in self.all_talks)

    def wait(self, condition):
        wait_until(condition)

    def __enter__(self):
        self._start(self._accept)
        return self

    def __exit__(self, *_):
        self.stop_event.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            talks = list(self._talks)
        for talk in talks:
            talk.shut()
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "a peer's thread does not end"

    def _start(self, target, *arguments):
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _accept(self):
        while not self.stopping:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                talk = Talk(self, sock, self.connections)
                self.connections += 1
                self._talks.add(talk)
                self.all_talks.append(talk)
                if self.stopping:
                    talk.shut()
            self._start(self._serve, talk)

    def _serve(self, talk):
        try:
            if self._greet is not None:
                self._greet(talk)
            if self._tls is not None:
                tls = self._tls(talk) if callable(self._tls) else self._tls
                talk.sock = tls.wrap_socket(
                    talk.sock, server_side=True, do_handshake_on_connect=False
                )
                talk.sock.do_handshake()
            while True:
                request = talk.read_head()
                talk.read_body(request)
                with self._lock:
                    step = self._steps[min(self._taken, len(self._steps) - 1)]
                    self._taken += 1
                step(talk, request)
        except ssl.SSLError as error:
            self.failures.append(str(error))
        except (EOFError, OSError):
            pass
        finally:
            talk.shut()
            with contextlib.suppress(OSError):
                talk.sock.close()
            with self._lock:
                self._talks.discard(talk)


def _listen(host, port):
    if ":" not in host:
        return socket.create_server((host, port), backlog=128)
    try:
        return socket.create_server((host, port), family=socket.AF_INET6, backlog=128)
    except OSError as error:
        if error.errno not in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
            raise
        # As in many containers.
        pytest.skip("the loopback has no IPv6")
