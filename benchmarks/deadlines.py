"""Measure by how much a call overruns its time-out, against servers that never finish."""

from __future__ import annotations

import socket
import ssl
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from time import perf_counter
from typing import TYPE_CHECKING

import trustme

import gentrace
from benchmarks import payloads
from benchmarks.clients import FIRST_BODY, TOKEN
from benchmarks.measuring import ClientError
from gentrace.apis.tags.ingestion_api import IngestionApi

if TYPE_CHECKING:
    from collections.abc import Iterator

DRIP = 0.1
"""Seconds between two pieces of what a server sends."""

_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@dataclass(frozen=True)
class Fault:
    """A server that never finishes.

    Attributes:
        title: what it does.
        start: what it sends at once, after the start of a request has come.
        drip: what it sends again and again; empty for silence.
        reads: whether it reads a request's start, and with that speaks TLS where asked to.
        big: whether the request is of 50 MiB.
        proxy: whether it is the proxy on the way.
        tls: whether the client wants TLS of it.

    """

    title: str
    start: bytes = b""
    drip: bytes = b""
    reads: bool = True
    big: bool = False
    proxy: bool = False
    tls: bool = False


_DRIPS = (
    Fault("a body, one byte each 100 ms", _OK + b"Content-Length: 100000\r\n\r\n", b" "),
    Fault("a head, one byte each 100 ms", _OK + b"X-Slow: ", b"a"),
    Fault("`100 Continue` without end", drip=b"HTTP/1.1 100 Continue\r\n\r\n"),
    Fault("chunks without end", _OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    Fault("a 503 whose body has no end", b"HTTP/1.1 503 Busy\r\n\r\n", b" "),
)

FAULTS = (
    *_DRIPS,
    *(Fault(f"{f.title}, under TLS", f.start, f.drip, tls=True) for f in _DRIPS),
    Fault("no answer"),
    Fault("a request of 50 MiB that is never read", reads=False, big=True),
    Fault("a TLS handshake that stalls", reads=False, tls=True),
    Fault("a proxy that never answers CONNECT", proxy=True, tls=True),
)


@contextmanager
def _serving(fault: Fault, tls: ssl.SSLContext | None) -> Iterator[int]:
    """Serve the fault on a free port."""
    over = Event()

    def serve(connection: socket.socket) -> None:
        try:
            if fault.reads:
                if tls is not None:
                    connection = tls.wrap_socket(connection, server_side=True)
                connection.recv(65536)
                connection.sendall(fault.start)
            while not over.wait(DRIP):
                connection.sendall(fault.drip)
        except OSError:
            return
        finally:
            connection.close()

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=accept, daemon=True).start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)


def overruns(timeout: float, times: int) -> dict[str, list[float]]:
    """Call each fault's server with a time-out in seconds; return the overruns in seconds.

    Raises:
        ClientError: a call ended without an `ApiException`.

    """
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    big = payloads.texts("a", 50 * 1024 * 1024)
    found: dict[str, list[float]] = {}
    for fault in FAULTS:
        body: dict[str, object] = big if fault.big else {**FIRST_BODY}
        with _serving(fault, tls if fault.tls and not fault.proxy else None) as port:
            configuration = gentrace.Configuration(access_token=TOKEN)
            address = "target.invalid" if fault.proxy else f"127.0.0.1:{port}"
            configuration.host = f"{'https' if fault.tls else 'http'}://{address}"
            configuration.proxy = f"http://127.0.0.1:{port}" if fault.proxy else None
            configuration.ssl_ca_cert = authority.cert_pem.bytes()
            with gentrace.ApiClient(configuration) as api_client:
                api = IngestionApi(api_client)
                found[fault.title] = [_overrun(api, body, timeout) for _ in range(times)]
    return found


def _overrun(api: IngestionApi, body: dict[str, object], timeout: float) -> float:
    start = perf_counter()
    try:
        api.pipeline_run_post(body=body, timeout=timeout)
    except gentrace.ApiException:
        return perf_counter() - start - timeout
    raise ClientError("a call that cannot succeed did")
