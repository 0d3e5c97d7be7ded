"""The faults that a call can meet, by the phase in which they strike, and how the call ends.

`ROWS` is what `test_faults.py` tries and what docs/reliability.md shows; this file prints it:
`python -m support.fault_matrix`, run in `test`.
"""

import socket
import ssl
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from gzip import compress

import trustme
from support import bombs
from support.canary import CANARY
from support.peers import (
    Peer,
    authority,
    blackhole,
    close,
    drip,
    echo,
    endless,
    head_of,
    names,
    proxy,
    raw,
    refuser,
    reply,
    reset,
    send,
    server_tls,
    socks5,
    stall,
    then,
)

PHASES = ("DNS", "connect", "TLS", "sending", "waiting", "headers", "body", "idle", "proxy")

PATIENT = (15, 15, 30)
"""The time-outs of a call whose fault does not stall."""

QUICK = (0.4, 0.4, 15)
"""Those of a call whose fault stalls: it may be tried again."""

SHORT = 0.8
"""Those of a call whose fault goes on for ever: it may not."""

MIB = 1024 * 1024
JSON = {"Content-Type": "application/json"}
CHUNKED = JSON | {"Transfer-Encoding": "chunked"}
ID = b'{"pipelineRunId": "run"}'
SMALL = 65536
BIG = {"name": "big", "step_runs": [], "blob": "x" * MIB}


# Where a fault is put: each makes a scene for one call of which `times` tries meet the fault.


@dataclass
class Scene:
    """One client's world.

    Attributes:
        host: where the call goes.
        server: whose requests are counted.
        settings: of the client.
        attempts: how often the fault was met.
        prepare: what happens before the call.
        release: what ends the fault.

    """

    host: str
    server: Peer
    settings: dict = field(default_factory=dict)
    attempts: object = lambda: 1
    prepare: object = lambda _: None
    release: object = lambda: None


def served(step, **settings):
    """The server does `step` in place of an answer."""

    def arrange(stack, times):
        server = stack.enter_context(Peer(*[step] * times, echo, tls=settings.pop("tls", None)))
        return Scene(server.url, server, settings, lambda: len(server.requests))

    return arrange


def greeted(greet, *, secure=False):
    """The server does `greet` with a new connection."""

    def arrange(stack, times):
        def first(talk):
            if talk.number < times:
                greet(talk)
                raise EOFError

        tls = server_tls() if secure else None
        server = stack.enter_context(Peer(greet=first, tls=tls, window=SMALL))
        settings = {"socket_options": [(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)]}
        return Scene(server.url, server, settings, lambda: server.connections)

    return arrange


def certified(make):
    """The server has the TLS context that `make` makes."""

    def arrange(stack, times):
        bad, good = make(), server_tls()
        server = stack.enter_context(Peer(tls=lambda talk: bad if talk.number < times else good))
        return Scene(server.url, server, {}, lambda: server.connections)

    return arrange


def named(make):
    """The server's name resolves to what `make` gives, which may need the stack."""

    def arrange(stack, times):
        server = stack.enter_context(Peer(tls=server_tls("server.test")))
        found = make(stack)
        if isinstance(found, list):
            found = [address or server.address for address in found]
        name = f"server-{server.address[1]}.test"
        asked = stack.enter_context(
            names({name: lambda nth: found if nth <= times else [server.address]})
        )
        settings = {"tls_server_name": "server.test"}
        return Scene(server.at(name), server, settings, lambda: asked.count(name))

    return arrange


def idle(spoil):
    """Something happens to a connection that is kept."""

    def arrange(stack, _):
        answered, spoilt = threading.Event(), threading.Event()

        def answer_and_spoil(talk, request):
            echo(talk, request)
            talk.peer.wait(answered.is_set)
            try:
                spoil(talk, request)
            finally:
                spoilt.set()

        server = stack.enter_context(Peer(answer_and_spoil, echo))

        def prepare(caller):
            assert caller.works()
            answered.set()
            server.wait(spoilt.is_set)
            server.wait(lambda: server.open == 0 or spoil not in {close, reset})
            server.requests.clear()

        return Scene(server.url, server, {}, lambda: len(server.requests), prepare)

    return arrange


def kept(step):
    """The server does `step` in place of the answer to a later request on a connection."""

    def arrange(stack, times):
        server = stack.enter_context(Peer(echo, *[step] * times, echo))

        def prepare(caller):
            assert caller.works()
            server.requests.clear()

        return Scene(server.url, server, {}, lambda: len(server.requests), prepare)

    return arrange


def circling(stack, _):
    """The server sends the client to itself again and again."""
    scene = served(reply(307, headers={"Location": "/there"}))(stack, 4)
    scene.attempts = lambda: 1
    return scene


def taken(stack, _):
    """All connections of the pool are held."""
    server = stack.enter_context(Peer())
    scene = Scene(server.url, server, {"connection_pool_maxsize": 1})

    def prepare(caller):
        held = caller.raw()
        scene.release = held.close
        server.requests.clear()

    scene.prepare = prepare
    return scene


def proxied(step=None, *, greet=None, tls=None, scheme=None):
    """A proxy does `step` in place of connecting, or `greet` with a new connection."""

    def arrange(stack, times):
        server = stack.enter_context(Peer(tls=server_tls()))
        steps = [step] * times if step else []

        def first(talk):
            if greet and talk.number < times:
                greet(talk)
                raise EOFError
            if scheme:
                socks5()(talk)

        def pick(talk):
            return tls() if talk.number < times else server_tls()

        between = stack.enter_context(Peer(*steps, proxy(), greet=first, tls=tls and pick))
        address = f"{scheme}://user:secret@127.0.0.1:{between.address[1]}" if scheme else None
        settings = {"proxy": address or between.origin}
        return Scene(server.url, server, settings, lambda: between.connections)

    return arrange


def proxied_at(make):
    """The proxy's name resolves to what `make` gives."""

    def arrange(stack, times):
        server = stack.enter_context(Peer(tls=server_tls()))
        between = stack.enter_context(Peer(proxy()))
        found = make(stack)
        name = f"proxy-{between.address[1]}.test"
        asked = stack.enter_context(
            names({name: lambda nth: found if nth <= times else [between.address]})
        )
        settings = {"proxy": between.at(name)}
        return Scene(server.url, server, settings, lambda: asked.count(name))

    return arrange


# What a fault is.


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
LONG_RECORD = b"\x16\x03\x03\x40\0" + bytes(99)
GARBAGE = b"SSH-2.0-OpenSSH_9.2\r\n"
HALF_HEAD = b"HTTP/1.1 200 OK\r\nContent-Ty"
HALF_BODY = head_of(200, headers=JSON | {"Content-Length": 24}) + ID[:9]
LONG_LINE = b"x" * MIB
MANY_FIELDS = b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000 + b"\r\n"
LARGE_HEAD = b"HTTP/1.1 200 OK\r\n" + (b"X: " + b"y" * 1000 + b"\r\n") * 10_486
TWO_LENGTHS = head_of(200, headers=[*JSON.items(), ("Content-Length", 24), ("Content-Length", 5)])
SMUGGLED = head_of(200, headers=JSON | {"Content-Length": 29}) + b'{"pipelineRunId": "smuggled"}'
TELLTALE = b"you sent Bearer " + CANARY.encode("latin-1")


# How a call ends.


@dataclass(frozen=True)
class Cell:
    """How a call ends that met a fault in one phase.

    Attributes:
        raises: name of the exception's class; None if the call succeeds.
        status: of the exception.
        retried: whether it is sent again.
        requests: how many requests the server saw, with one retry allowed.
        arrange: makes the scene.
        timeout: of the call.
        body: of the call; None for a small one.

    """

    raises: str | None
    status: int
    retried: bool
    requests: int
    arrange: object
    timeout: object = PATIENT
    body: object = None

    @property
    def attempts(self):
        return 2 if self.retried else 1

    def __str__(self):
        ends = "succeeds" if self.raises is None else f"`{self.raises}` {self.status}"
        retried = "retried" if self.retried else "not retried"
        count = f"{self.requests} request{'s' * (self.requests != 1)}"
        return f"{ends}, {retried}, {count}"


LOST, TIME, TLS, PROXY = (
    f"Api{kind}Exception" for kind in ("Connection", "Timeout", "Tls", "Proxy")
)
UNREADABLE, TOO_LARGE = "ApiResponseException", "ApiResponseTooLargeException"


def again(raises, arrange, requests=2, **more):
    """A fault after which the call is sent again."""
    return Cell(raises, 0, True, requests, arrange, **more)


def ends(raises, arrange, requests=0, status=0, **more):
    """A fault that ends the call."""
    return Cell(raises, status, False, requests, arrange, **more)


def answer(raises, status, step):
    """An answer that ends the call."""
    return Cell(raises, status, False, 1, served(step))


def busy(raises, status, step):
    """An answer after which the call is sent again."""
    return Cell(raises, status, True, 2, served(step))


def untrusted(make):
    """A certificate that is refused, of the server or of its proxy."""
    return {"TLS": ends(TLS, certified(make)), "proxy": ends(TLS, proxied(tls=make))}


def bomb(name):
    def explode(talk, _):
        talk.send(bombs.packed(name))

    return {"body": answer(UNREADABLE if "six" in name else TOO_LARGE, 200, explode)}


def unreadable(body, **fields):
    return {"body": answer(UNREADABLE, 200, sized(body, **fields))}


def status(code, raises, *, retried=False):
    return {"headers": (busy if retried else answer)(raises, code, reply(code))}


def no_answer(data):
    return {"headers": again(LOST, served(raw(data)))}


ROWS = {
    # Names and addresses.
    "The name is unknown": {
        "DNS": again(LOST, named(unknown), 0),
        "proxy": again(PROXY, proxied_at(unknown), 0),
    },
    "The resolver fails for now": {
        "DNS": again(LOST, named(unsure), 0),
        "proxy": again(PROXY, proxied_at(unsure), 0),
    },
    "The connect is refused": {
        "connect": again(LOST, named(refused), 0),
        "proxy": again(PROXY, proxied_at(refused), 0),
    },
    "The connect gets no answer": {
        "connect": again(TIME, named(hanging), 0, timeout=QUICK),
        "proxy": again(TIME, proxied_at(hanging), 0, timeout=QUICK),
    },
    "The first address refuses": {"connect": ends(None, named(one_of(refused)), 1)},
    "The first address gives no answer": {
        "connect": ends(None, named(one_of(hanging)), 1, timeout=(0.4, 15, 30))
    },
    # The connection.
    "Reset": {
        "TLS": again(LOST, greeted(after(hello, reset), secure=True), 0),
        "sending": again(LOST, greeted(after(head, reset)), body=BIG),
        "waiting": again(LOST, served(reset)),
        "headers": again(LOST, served(then(send(HALF_HEAD), reset))),
        "body": again(LOST, served(then(send(HALF_BODY), reset))),
        "idle": ends(None, idle(reset), 1),
        "proxy": again(PROXY, proxied(reset), 0),
    },
    "Closed": {
        "TLS": again(LOST, greeted(after(hello, close), secure=True), 0),
        "sending": again(LOST, greeted(after(head, close)), body=BIG),
        "waiting": again(LOST, served(close)),
        "headers": again(LOST, served(raw(HALF_HEAD))),
        "body": again(LOST, served(raw(HALF_BODY))),
        "idle": ends(None, idle(close), 1),
        "proxy": again(PROXY, proxied(close), 0),
    },
    "Closed as the next request arrives": {
        "idle": again(LOST, kept(close)),
    },
    "Silence": {
        "TLS": again(TIME, greeted(after(hello, stall), secure=True), 0, timeout=QUICK),
        "sending": again(TIME, greeted(after(head, stall)), timeout=QUICK, body=BIG),
        "waiting": again(TIME, served(stall), timeout=QUICK),
        "headers": again(TIME, served(then(send(HALF_HEAD), stall)), timeout=QUICK),
        "body": again(TIME, served(then(send(HALF_BODY), stall)), timeout=QUICK),
        "proxy": again(TIME, proxied(stall), 0, timeout=QUICK),
    },
    "One byte each 100 ms": {
        "TLS": ends(
            TIME, greeted(drip(b"", b"\x16\x03\x03\x40\0" + bytes(99)), secure=True), timeout=SHORT
        ),
        "headers": ends(TIME, served(drip(HALF_HEAD, b"pe: x\r\n")), 1, timeout=SHORT),
        "body": ends(
            TIME, served(drip(head_of(200, headers=CHUNKED), b"1\r\nx\r\n")), 1, timeout=SHORT
        ),
        "proxy": ends(TIME, proxied(drip(HALF_HEAD, b"pe: x\r\n")), timeout=SHORT),
    },
    "Something else than HTTP or TLS": {
        "TLS": ends(TLS, greeted(raw(GARBAGE), secure=True)),
        "waiting": again(LOST, served(raw(GARBAGE))),
        "idle": ends(None, idle(send(GARBAGE)), 1),
        "proxy": again(PROXY, proxied(raw(GARBAGE)), 0),
    },
    "All connections of the pool are taken": {"idle": ends(TIME, taken, timeout=SHORT)},
    # TLS.
    "A TLS alert": {
        "TLS": ends(TLS, greeted(after(hello, raw(ALERT)), secure=True)),
        "waiting": ends(TLS, served(raw(ALERT)), 1),
        "proxy": ends(TLS, proxied(greet=after(hello, raw(ALERT)), tls=server_tls)),
    },
    "A TLS record that is broken": {
        "waiting": again(LOST, served(broken_record, tls=server_tls())),
        "body": again(LOST, served(then(send(HALF_BODY), broken_record), tls=server_tls())),
    },
    "Plain HTTP at a TLS port": {"TLS": ends(TLS, greeted(after(hello, reply(400)), secure=True))},
    "A self-signed certificate": untrusted(self_signed),
    "A certificate of an unknown issuer": untrusted(lambda: server_tls(ca=STRANGER)),
    "A missing intermediate certificate": untrusted(
        lambda: server_tls(ca=INTERMEDIATE, chain=False)
    ),
    "An expired certificate": untrusted(valid(-2, -1)),
    "A certificate that is not valid yet": untrusted(valid(1, 2)),
    "A certificate for another name": untrusted(lambda: server_tls("another.test")),
    "A certificate is demanded of the client": {
        "TLS": ends(TLS, certified(demanding(ssl.TLSVersion.TLSv1_2))),
        "waiting": ends(TLS, certified(demanding(ssl.TLSVersion.TLSv1_3))),
    },
    # Heads.
    "Endless 100 Continue": no_answer(b"HTTP/1.1 100 Continue\r\n\r\n" * 100_000),
    "Endless 103 Early Hints": no_answer(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100_000),
    "One 103 Early Hints": {
        "headers": Cell(
            None, 0, False, 1, served(then(send(b"HTTP/1.1 103 Early Hints\r\n\r\n"), echo))
        )
    },
    "A status line without a status": no_answer(b"HTTP/1.1 OK\r\n\r\n"),
    "A status line without an end": no_answer(b"HTTP/1.1 200 " + LONG_LINE),
    "An answer of HTTP/2": no_answer(b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64"),
    "A header block of 10 MiB": {
        **no_answer(LARGE_HEAD),
        "proxy": again(PROXY, proxied(raw(LARGE_HEAD)), 0),
    },
    "100,000 headers": {
        **no_answer(MANY_FIELDS),
        "proxy": again(PROXY, proxied(raw(MANY_FIELDS)), 0),
    },
    "A header of 1 MiB": no_answer(b"HTTP/1.1 200 OK\r\nX: " + LONG_LINE + b"\r\n\r\n"),
    "Two lengths that differ": {"headers": answer(UNREADABLE, 200, send(TWO_LENGTHS + ID))},
    "A length that is no number": {
        "headers": answer(UNREADABLE, 200, sized(ID, Content_Length="many"))
    },
    # Bodies.
    "A body that is longer than it says": {
        "idle": ends(None, idle(send(SMUGGLED)), 1),
    },
    "A body without end": {
        "body": answer(TOO_LARGE, 200, endless(head_of(200, headers=JSON), b"x" * 65536))
    },
    "Chunks without end": {
        "body": answer(
            TOO_LARGE,
            200,
            endless(head_of(200, headers=CHUNKED), b"ffff\r\n" + b"x" * 65535 + b"\r\n"),
        )
    },
    "A chunk size that is no number": {
        "body": answer(UNREADABLE, 200, chunks(b"many\r\n" + ID + b"\r\n"))
    },
    "A chunk-size line of 1 MiB": {"body": answer(TOO_LARGE, 200, chunks(b"1;" + LONG_LINE))},
    "A trailer of 1 MiB": {
        "body": answer(TOO_LARGE, 200, chunks(b"18\r\n" + ID + b"\r\n0\r\nX: " + LONG_LINE))
    },
    "A gzip bomb": bomb("gzip"),
    "A deflate bomb": bomb("deflate"),
    "A bomb in two encodings": bomb("two encodings"),
    "A bomb in six encodings": bomb("six encodings"),
    "A bomb of many gzip members": bomb("many gzip members"),
    "A gzip body that is broken": unreadable(compress(ID)[:-9] + bytes(9), Content_Encoding="gzip"),
    "A gzip body that breaks off": unreadable(compress(ID)[:-9], Content_Encoding="gzip"),
    "JSON of 200,000 levels": unreadable(b"[" * 200_000 + b"]" * 200_000),
    "An integer of 10,000 digits": unreadable(b'{"a": ' + b"9" * 10_000 + b"}"),
    "A body that is not JSON": unreadable(b"<html></html>"),
    "A body that is not UTF-8": unreadable(b'{"pipelineRunId": "\xff"}'),
    "A body of another media type": unreadable(ID, Content_Type="text/html"),
    "A body of another shape": unreadable(b'{"pipelineRunId": 5}'),
    "No body": unreadable(b""),
    # Statuses.
    "400 Bad Request": status(400, "BadRequestException"),
    "401 Unauthorized": status(401, "UnauthorizedException"),
    "403 Forbidden": status(403, "ForbiddenException"),
    "404 Not Found": status(404, "NotFoundException"),
    "409 Conflict": status(409, "ConflictException"),
    "413 Content Too Large": {
        **status(413, "ClientException"),
        "sending": ends("ClientException", greeted(after(head, reply(413))), 1, 413, body=BIG),
    },
    "408 Request Timeout": {
        **status(408, "ClientException", retried=True),
        "idle": ends(None, idle(send(head_of(408, headers={"Content-Length": 0}))), 1),
    },
    "429 Too Many Requests": status(429, "TooManyRequestsException", retried=True),
    "500 Internal Server Error": status(500, "ServiceException", retried=True),
    "501 Not Implemented": status(501, "ServiceException"),
    "502 Bad Gateway": status(502, "ServiceException", retried=True),
    "503 Service Unavailable": status(503, "ServiceException", retried=True),
    "504 Gateway Timeout": status(504, "ServiceException", retried=True),
    "503 with a body without end": {
        "body": busy(TOO_LARGE, 503, endless(head_of(503, headers=JSON), b"x" * 65536))
    },
    "503 with a Retry-After of an hour": {
        "headers": answer("ServiceException", 503, reply(503, headers={"Retry-After": "3600"}))
    },
    "503 with a malformed Retry-After": {
        "headers": busy("ServiceException", 503, reply(503, headers={"Retry-After": "1e3"}))
    },
    "A redirect to another origin": {
        "headers": answer(
            "RedirectException", 307, reply(307, headers={"Location": "https://elsewhere.test/"})
        )
    },
    "A redirect that changes the method": {
        "headers": answer("RedirectException", 303, reply(303, headers={"Location": "/there"}))
    },
    "Redirects in a circle": {
        "headers": Cell(
            "RedirectException",
            307,
            False,
            4,
            circling,
        )
    },
    "An error that repeats the token": {
        "headers": answer(
            "BadRequestException",
            400,
            reply(400, headers={"X-Echo": TELLTALE.decode("latin-1")}, reason="No " + CANARY),
        ),
        "body": answer("BadRequestException", 400, reply(400, TELLTALE)),
    },
    # Proxies.
    "407 Proxy Authentication Required": {"proxy": ends(PROXY, proxied(reply(407)))},
    "A proxy that forbids the target": {"proxy": ends(PROXY, proxied(reply(403)))},
    "A proxy that cannot reach the target": {"proxy": ends(PROXY, proxied(reply(502)))},
    "A SOCKS proxy that refuses": {
        "proxy": ends(PROXY, proxied(greet=socks5(refusal=2), scheme="socks5"))
    },
    "A SOCKS proxy that refuses the password": {
        "proxy": ends(PROXY, proxied(greet=socks5(("user", "other")), scheme="socks5"))
    },
}


def table():
    """The rows as a table in Markdown, with their counts below."""
    cells = [cell for row in ROWS.values() for cell in row.values()]
    lines = [f"| Fault | {' | '.join(PHASES)} |", "|---" * (len(PHASES) + 1) + "|"]
    lines += [
        f"| {name} | {' | '.join(str(row.get(phase, '')) for phase in PHASES)} |"
        for name, row in ROWS.items()
    ]
    lines += ["", f"{len(ROWS)} faults, {len(cells)} cells."]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())  # noqa: T201 - a command
