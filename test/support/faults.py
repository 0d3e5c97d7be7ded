"""What a fault is: servers, certificates and answers that no call should meet."""

import socket
import ssl
from datetime import UTC, datetime, timedelta

import trustme
from support.canary import CANARY
from support.fault_scenes import CHUNKED, ID, JSON, MIB
from support.peers import (
    authority,
    blackhole,
    head_of,
    refuser,
    send,
    server_tls,
)


def refused(stack):
    return [stack.enter_context(refuser())]


def hanging(stack):
    return [stack.enter_context(blackhole())]


def unknown(_):
    return socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def unsure(_):
    return socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


def one_of(make):
    """What `make` gives, and after it the address of the server."""
    return lambda stack: [*make(stack), None]


def after(first, second):
    """A greeting that does two things."""

    def greet(talk):
        first(talk)
        second(talk)

    return greet


def hello(talk):
    """Take in what the client says first."""
    talk.receive()


def head(talk):
    """Take in the head of a request, and nothing of its body."""
    talk.read_head()


def sized(body, status=200, **fields):
    given = {name.replace("_", "-"): value for name, value in fields.items()}
    return send(head_of(status, headers=JSON | {"Content-Length": len(body)} | given) + body)


def chunks(body):
    return send(head_of(200, headers=CHUNKED) + body)


def broken_record(talk, _=None):
    """Send a TLS record that nobody encrypted."""
    socket.socket.sendall(talk.sock, b"\x17\x03\x03\x00\x20" + bytes(32))
    talk.stall()


STRANGER = trustme.CA()
INTERMEDIATE = authority().create_child_ca()


def self_signed():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with STRANGER.cert_pem.tempfile() as cert, STRANGER.private_key_pem.tempfile() as key:
        context.load_cert_chain(cert, key)
    return context


def valid(start, end):
    """A certificate that is valid from one day to another, counted from today."""
    now, day = datetime.now(UTC), timedelta(days=1)
    return lambda: server_tls(not_before=now + start * day, not_after=now + end * day)


def demanding(version):
    """A server that asks for a certificate: in TLS 1.3 the client learns that it had to show one
    only after the handshake."""

    def make():
        context = server_tls(clients=STRANGER)
        context.maximum_version = version
        return context

    return make


ALERT = b"\x15\x03\x03\x00\x02\x02\x28"
GARBAGE = b"SSH-2.0-OpenSSH_9.2\r\n"
HALF_HEAD = b"HTTP/1.1 200 OK\r\nContent-Ty"
HALF_BODY = head_of(200, headers=JSON | {"Content-Length": 24}) + ID[:9]
LONG_LINE = b"x" * MIB
MANY_FIELDS = b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000 + b"\r\n"
LARGE_HEAD = b"HTTP/1.1 200 OK\r\n" + (b"X: " + b"y" * 1000 + b"\r\n") * 10_486
TWO_LENGTHS = head_of(200, headers=[*JSON.items(), ("Content-Length", 24), ("Content-Length", 5)])
SMUGGLED = head_of(200, headers=JSON | {"Content-Length": 29}) + b'{"pipelineRunId": "smuggled"}'
TELLTALE = b"you sent Bearer " + CANARY.encode("latin-1")
