"""The faults that a call can meet, by the phase in which they strike, and how the call ends.

`ROWS` is what `test_faults.py` tries and what docs/reliability.md shows; this file prints it:
`python -m support.fault_matrix`, run in `test`.
"""

import ssl
from gzip import compress

from support.canary import CANARY
from support.fault_endings import (
    LOST,
    PROXY,
    QUICK,
    SHORT,
    TIME,
    TLS,
    TOO_LARGE,
    UNREADABLE,
    Cell,
    again,
    answer,
    bomb,
    busy,
    ends,
    no_answer,
    status,
    unreadable,
    untrusted,
)
from support.fault_scenes import (
    BIG,
    CHUNKED,
    ID,
    JSON,
    certified,
    circling,
    greeted,
    idle,
    kept,
    named,
    proxied,
    proxied_at,
    served,
    taken,
)
from support.faults import (
    ALERT,
    GARBAGE,
    HALF_BODY,
    HALF_HEAD,
    INTERMEDIATE,
    LARGE_HEAD,
    LONG_LINE,
    MANY_FIELDS,
    SMUGGLED,
    STRANGER,
    TELLTALE,
    TWO_LENGTHS,
    after,
    broken_record,
    chunks,
    demanding,
    hanging,
    head,
    hello,
    one_of,
    refused,
    self_signed,
    sized,
    unknown,
    unsure,
    valid,
)
from support.peers import (
    close,
    drip,
    echo,
    endless,
    head_of,
    raw,
    reply,
    reset,
    send,
    server_tls,
    socks5,
    stall,
    then,
)

PHASES = ("DNS", "connect", "TLS", "sending", "waiting", "headers", "body", "idle", "proxy")


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
