"""Peers that are proxies: a step for HTTP, a greeting for SOCKS5."""

import http.client
import select
import socket
import ssl
from base64 import b64encode
from urllib.parse import urlsplit

from support.peers.server import KEPT, PAUSE
from support.peers.steps import head_of, reply
from support.waiting import PATIENCE


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
