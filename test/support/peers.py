"""Real servers on loopback that do exactly what a test says, faults included.

::

    with Peer(reply(503), echo) as peer:         # first request: 503; all others: 200
        client = ApiClient(Configuration(peer.url))
        ...
    assert [r.method for r in peer.requests] == ["POST", "POST"]

`Peer(*steps, greet=…, tls=…)`: each request takes the next step, the last one for ever. A step is
a function of (talk, request); without any, `echo` answers every request with its own
Idempotency-Key as `pipelineRunId`. `greet` is a function of (talk) that has each new connection
first, before TLS; it may close it. Leaving the `with` block ends all threads, whatever they do.

- `peer.url` is what `Configuration.host` takes, `peer.origin` the same without the path, `peer.at`
  the same under another name; `peer.address` is (host, port).
- `peer.requests`: `Request`s in order of arrival: `method`, `target`, `headers` (pairs),
  `request["name"]` (one field, any case, None if absent), `body`, `connection` (number, from 0).
- `peer.received`: what came over all connections, decrypted, up to 1 MiB each.
- `peer.connections`: how many were accepted; `peer.open`: how many are open now;
  `peer.wait(condition)`: wait up to 20 s until it is true.
- `peer.failures`: errors of TLS handshakes, as text.
- `window` is how many bytes it takes in unread, about; else the kernel says, which takes many MiB.

Steps: `echo`, `reply(status, body, headers…)`, `send(bytes…)`, `raw(bytes…)` (then close),
`endless(head, piece)`, `drip(head, slow)`, `stall`, `reset`, `close`, `then(step, step…)`, and
`proxy(…)`, which makes an HTTP proxy of a peer. Greetings: `stall`, `reset`, `close`, `send`,
`socks5(…)`, and any function that uses the methods of `Talk`.

TLS: `Peer(tls=server_tls())`, or a function of (talk) that makes one; `authority()` is the CA,
`authority_pem()` its PEM text.

`with refuser() as address`: where connects are refused; `with blackhole() as address`: where they
hang. `with names({"a.test": addresses}) as asked`: what names resolve to, and which were asked for.
"""

import contextlib
import http.client
import json
import select
import socket
import ssl
import struct
import threading
from base64 import b64encode
from urllib.parse import urlsplit

import trustme
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
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=128)
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


# Steps.


def echo(talk, request):
    """200 with the request's own Idempotency-Key as the run's id."""
    reply(body={"pipelineRunId": request["Idempotency-Key"] or "none"})(talk, request)


def head_of(status=200, reason=None, headers=()):
    """The head of an answer; a value of None leaves a field out."""
    phrase = http.client.responses.get(status, "") if reason is None else reason
    lines = [f"HTTP/1.1 {status} {phrase}"]
    fields = headers.items() if isinstance(headers, dict) else headers
    lines += [f"{name}: {value}" for name, value in fields if value is not None]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def reply(status=200, body=None, headers=(), *, reason=None, content_type="application/json"):
    """Answer; `body` is bytes, or a JSON value. `Connection: close` among `headers` is kept."""
    if body is None:
        body = {"pipelineRunId": "run"} if status == 200 else {"message": "no"}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = list(headers.items() if isinstance(headers, dict) else headers)
    fields = [*given, ("Content-Type", content_type), ("Content-Length", len(data))]
    message = head_of(status, reason, fields) + data

    def answer(talk, _=None):
        talk.send(message)
        if ("Connection", "close") in given:
            raise EOFError

    return answer


def send(*pieces):
    """Send these bytes."""
    return lambda talk, _=None: talk.send(*pieces)


def raw(*pieces):
    """Send these bytes, then close."""
    return then(send(*pieces), close)


def endless(head, piece):
    """Send `head`, then `piece` again and again."""

    def answer(talk, _=None):
        talk.send(head)
        while True:
            talk.send(piece)

    return answer


def drip(head, slow, every=0.1):
    """Send `head`, then `slow` byte by byte, starting over at its end."""

    def answer(talk, _=None):
        talk.send(head)
        while not talk.ended:
            for place in range(len(slow)):
                talk.send(slow[place : place + 1])
                talk.pause(every)

    return answer


def stall(talk, _=None):
    """Say nothing until the client or the test ends."""
    talk.stall()


def reset(talk, _=None):
    """Close with RST."""
    talk.reset()
    raise EOFError


def close(_talk, _=None):
    """Close with FIN."""
    raise EOFError


def then(*steps):
    """Do one step after another, for one request."""

    def answer(talk, request=None):
        for step in steps:
            step(talk, request)

    return answer


# Proxies.


def basic(user, password):
    """The value of a header field for these credentials."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def proxy(credentials=None, routes=None, connected="HTTP/1.1 200 Connection established"):
    """Be an HTTP proxy: for CONNECT, and for requests with a whole URL.

    `credentials` is (user, password); `routes` says for ``host:port`` where that is instead.
    """

    def dial(netloc):
        host, _, port = netloc.rpartition(":")
        address = (routes or {}).get(netloc, (host.strip("[]"), int(port)))
        return socket.create_connection(address, timeout=PATIENCE)

    def forward(talk, request):
        if credentials and request["Proxy-Authorization"] != basic(*credentials):
            return reply(407, headers={"Proxy-Authenticate": "Basic"})(talk, request)
        try:
            if request.method == "CONNECT":
                with dial(request.target) as far:
                    talk.send(f"{connected}\r\n\r\n")
                    _pump(talk, far)
            url = urlsplit(request.target)
            with dial(f"{url.hostname}:{url.port or 80}") as far:
                target = request.target.partition(url.netloc)[2] or "/"
                hidden = {"proxy-authorization", "connection"}
                kept = [(n, v) for n, v in request.headers if n.lower() not in hidden]
                lines = [f"{request.method} {target} HTTP/1.1", *(f"{n}: {v}" for n, v in kept)]
                far.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + request.body)
                answer = http.client.HTTPResponse(far)
                answer.begin()
                fields = [(n, v) for n, v in answer.getheaders() if n != "Content-Length"]
                body = answer.read()
                fields.append(("Content-Length", len(body)))
                talk.send(head_of(answer.status, answer.reason, fields) + body)
        except ConnectionRefusedError:
            reply(502)(talk, request)

    return forward


def socks5(credentials=None, routes=None, refusal=0):
    """A greeting: be a SOCKS5 server. What was asked for is in `peer.asked` as ``host:port``."""

    def greet(talk):
        _, count = talk.read(2)
        talk.read(count)
        talk.send(bytes((5, 2 if credentials else 0)))
        if credentials:
            user = talk.read(talk.read(2)[1]).decode()
            password = talk.read(talk.read(1)[0]).decode()
            talk.send(bytes((1, (user, password) != credentials)))
        _, _, _, kind = talk.read(4)
        if kind == 3:
            host = talk.read(talk.read(1)[0]).decode()
        else:
            size, family = (4, socket.AF_INET) if kind == 1 else (16, socket.AF_INET6)
            host = socket.inet_ntop(family, talk.read(size))
        port = int.from_bytes(talk.read(2), "big")
        vars(talk.peer).setdefault("asked", []).append(f"{host}:{port}")
        talk.send(bytes((5, refusal, 0, 1, 0, 0, 0, 0, 0, 0)))
        if refusal:
            raise EOFError
        address = (routes or {}).get(f"{host}:{port}", (host, port))
        with socket.create_connection(address, timeout=PATIENCE) as far:
            _pump(talk, far)

    return greet


def _pump(talk, far):
    """Carry bytes both ways until one side ends; what the client sent is in `peer.received`."""
    talk.sock.setblocking(False)
    far.setblocking(True)
    ends = {talk.sock: far, far: talk.sock}
    while not talk.peer.stopping:
        for end in select.select(list(ends), (), (), PAUSE)[0]:
            try:
                data = end.recv(65536)
            except (ssl.SSLWantReadError, BlockingIOError):
                continue
            if not data:
                raise EOFError
            if end is talk.sock:
                talk.seen += data[: max(0, KEPT - len(talk.seen))]
                while getattr(end, "pending", int)():
                    data += end.recv(65536)
                far.sendall(data)
            else:
                talk.sock.setblocking(True)
                talk.sock.sendall(data)
                talk.sock.setblocking(False)
    raise EOFError


# Addresses.


@contextlib.contextmanager
def refuser():
    """An address at which nobody listens, and nobody else will."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()


@contextlib.contextmanager
def blackhole():
    """An address at which a connect gets no answer: its queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()


_layers = []
_layers_lock = threading.Lock()
_real_getaddrinfo = socket.getaddrinfo


@contextlib.contextmanager
def names(table):
    """What names resolve to: the one thing here that is not real, as no test may ask a resolver.

    A value of `table` is a list of addresses, an exception, or a function of how often the name
    was asked for that returns one of them. Gives the list of the names that were asked for.
    """
    layer = (table, [])
    with _layers_lock:
        _layers.append(layer)
        socket.getaddrinfo = _resolve
    try:
        yield layer[1]
    finally:
        with _layers_lock:
            _layers[:] = [other for other in _layers if other is not layer]
            if not _layers:
                socket.getaddrinfo = _real_getaddrinfo


def _resolve(host, port, *arguments, **keywords):
    name = host.decode() if isinstance(host, bytes) else host
    for table, asked in _layers:
        asked.append(name)
        if name in table:
            found = table[name]
            found = found(asked.count(name)) if callable(found) else found
            if isinstance(found, BaseException):
                raise found
            kind = socket.SOCK_STREAM
            return [(socket.AF_INET, kind, socket.IPPROTO_TCP, "", address) for address in found]
    return _real_getaddrinfo(host, port, *arguments, **keywords)


# TLS.


_AUTHORITY = trustme.CA()


def authority():
    """The CA that signs what `server_tls` makes, unless told otherwise."""
    return _AUTHORITY


def authority_pem():
    return authority().cert_pem.bytes().decode()


def server_tls(*names, ca=None, chain=True, clients=None, **validity):
    """A server's context.

    `names` are what its certificate is for, loopback if none; `ca` who signs it; without `chain`
    the intermediate certificates are not sent; `clients` is a CA whose client certificates are
    demanded; `validity` is `not_before`, `not_after`.
    """
    leaf = (ca or authority()).issue_cert(*(names or ("127.0.0.1", "localhost", "::1")), **validity)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if chain:
        leaf.configure_cert(context)
    else:
        with leaf.private_key_pem.tempfile() as key, leaf.cert_chain_pems[0].tempfile() as cert:
            context.load_cert_chain(cert, key)
    if clients is not None:
        clients.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
