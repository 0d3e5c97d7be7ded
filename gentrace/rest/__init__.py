"""The transport: connections, their pool, the deadline of a call, its retries and its failures.

This is the only module that knows urllib3. `RestClient.send` is the whole of a call; what it uses
stands above it, from the socket up.
"""

from __future__ import annotations

import http.client
import io
import logging
import os
import random
import socket
import ssl
import threading
import time
import warnings
import zlib
from collections import deque
from contextlib import suppress
from email.utils import parsedate_to_datetime
from importlib import import_module
from io import BytesIO
from ipaddress import ip_address
from itertools import islice
from math import inf
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import SplitResult, urljoin, urlsplit
from weakref import WeakSet

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection, ProxyConfig
from urllib3.exceptions import ConnectTimeoutError, HTTPError, ProtocolError
from urllib3.response import GzipDecoder, GzipDecoderState
from urllib3.util import Retry, Url
from urllib3.util.ssl_match_hostname import CertificateError

from gentrace._signals import causes, pass_on_handlers_error
from gentrace.configuration import DEFAULT_TIMEOUT, check_proxy, check_timeout
from gentrace.configuration.proxies import ProxyUrl, find_proxy
from gentrace.configuration.secrets import (
    Headers,
    Secret,
    SecretBytes,
    drop_longer,
    find_secrets,
    mask_headers,
    mask_url,
    scrub,
    scrub_bytes,
)
from gentrace.exceptions import (
    ApiConnectionException,
    ApiException,
    ApiProxyException,
    ApiResponseException,
    ApiResponseTooLargeException,
    ApiTimeoutException,
    ApiTlsException,
    ApiValueError,
    InsecureTransportWarning,
)
from gentrace.schemas import REQUEST_RULES, FileSchema, Rules, find_encoder

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from typing_extensions import Buffer

    from gentrace.configuration import Configuration, TimeoutSetting
    from gentrace.operations import Request

log = logging.getLogger("gentrace")

HEAD_LIMIT = 256 * 1024
"""How many bytes the head of an answer may have, interim answers included; also what its chunk
lines and trailers may add to a piece of its body."""

PIECE = 64 * 1024
"""How many bytes of a body are read at a time."""

SEND_PIECE = 256 * 1024
"""How many bytes of a body are given to the socket at a time, each with its own time-out."""

MAX_INTERIM = 16
"""How many interim answers may come before the final one."""

MAX_REDIRECTS = 3
MAX_RETRY_AFTER = 60
DEFAULT_RETRIES = 2
RETRIED_STATUSES = frozenset({408, 429, 500, 502, 503, 504})

CLOCK_LIMIT = 1e8
"""Seconds, some three years: longer time-outs are as good as this one, and sockets take it."""


# The socket: its time-out is armed anew from the call's deadline before each operation.


class Wall:
    """How long a call may take, and how many bytes its answer may still bring.

    Attributes:
        connect: seconds for one connect.
        read: seconds for one read or write after that.
        end: when the whole call ends, by the monotonic clock.
        total: seconds that the whole call may take.
        covers_stream: whether the end holds for a streamed body too.
        limit: seconds for one operation of the present phase.
        budget: bytes that may be received before somebody asks for more.

    """

    __slots__ = ("budget", "connect", "covers_stream", "end", "limit", "read", "total")

    def __init__(self, connect: float, read: float, total: float, *, covers_stream: bool) -> None:
        self.connect = connect
        self.read = self.limit = read
        self.total = total
        self.covers_stream = covers_stream
        self.end = time.monotonic() + total
        self.budget: float = HEAD_LIMIT

    def left(self) -> float:
        """Return the seconds until the end; negative after it."""
        return self.end - time.monotonic()

    def next(self) -> float:
        """Return the seconds that the next operation may take; TimeoutError if there are none."""
        left = self.end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return min(left, self.limit)

    def spend(self, received: int) -> None:
        """Count received bytes; an error if nobody asked for so many."""
        self.budget -= received
        if self.budget < 0:
            raise _OverBudgetError


class _OverBudgetError(Exception):
    """The server sends more than anybody asked for."""


class _Walled(socket.socket):
    """A socket whose operations end at the wall of the call that it serves."""

    wall: Wall | None = None

    def gettimeout(self) -> float | None:
        """Return the seconds for the next operation: a TLS handshake takes its own from here.

        It raises nothing: Python's TLS calls it while two objects hold the descriptor.
        """
        if self.wall is None:
            return super().gettimeout()
        return max(min(self.wall.left(), self.wall.limit), _LEAST_TIMEOUT)

    def _arm(self, seconds: float) -> None:
        """Let the next operation take so long; the same as before costs no system call."""
        if super().gettimeout() != seconds:
            self.settimeout(seconds)

    def recv_into(self, *args: Any, **keywords: Any) -> int:
        wall = cast("Wall", self.wall)
        self._arm(wall.next())
        received = super().recv_into(*args, **keywords)
        wall.spend(received)
        return received

    def recv(self, *args: Any, **keywords: Any) -> bytes:
        wall = self.wall
        if wall is None:  # TLS looks whether there is still a peer before it is set up
            return super().recv(*args, **keywords)
        self._arm(wall.next())
        data = super().recv(*args, **keywords)
        wall.spend(len(data))
        return data

    def sendall(self, data: Buffer, flags: int = 0) -> None:
        wall = cast("Wall", self.wall)
        with memoryview(data) as view:
            del data  # a traceback with locals would show the token in it
            sent = 0
            while sent < len(view):
                self._arm(wall.next())
                sent += self.send(view[sent : sent + SEND_PIECE], flags)

    def __del__(self) -> None:
        # Not socket.socket's own: that waits for files, and warns where nobody closed it. To drop
        # a streamed answer is no mistake.
        with suppress(OSError):  # closed by its other owner, if a signal hit TLS taking it over
            super(socket.socket, self).close()


_LEAST_TIMEOUT = 0.001
"""Seconds, as 0 would be a socket that does not wait."""


class _TlsSocket(_Walled, ssl.SSLSocket):
    """The same over TLS."""


class _TlsContext(ssl.SSLContext):
    """Makes TLS sockets that keep the wall of the socket that they wrap."""

    sslsocket_class = _TlsSocket

    def wrap_socket(self, sock: socket.socket, *args: Any, **keywords: Any) -> _TlsSocket:
        keywords["do_handshake_on_connect"] = False
        wall = cast("Wall", cast("_Walled", sock).wall)
        wall.next()
        wrapped = cast("_TlsSocket", super().wrap_socket(sock, *args, **keywords))
        try:
            wrapped.wall = wall
            wrapped.do_handshake()
        except BaseException:
            wrapped.close()
            raise
        return wrapped


def _make_tls_context(configuration: Configuration, *, with_client: bool = True) -> _TlsContext:
    """Return what TLS connections are made with.

    Raises:
        ApiValueError: the certificates or the key cannot be used.
        ApiConnectionException: Python ends, and cannot import certifi any more.

    """
    context = _TlsContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    trusted = configuration.ssl_ca_cert
    try:
        if trusted is None:
            import certifi  # noqa: PLC0415 - calls over plain HTTP need no roots

            context.load_verify_locations(certifi.where())
        elif "-----BEGIN" in trusted:
            # What is not ASCII stands in comments around the certificates.
            context.load_verify_locations(cadata=trusted.encode("ascii", "ignore").decode())
        elif os.path.isdir(trusted):  # noqa: PTH112 - a string as OpenSSL takes it
            context.load_verify_locations(capath=trusted)
        else:
            context.load_verify_locations(trusted)
    except ImportError as error:  # such as at the interpreter's end
        raise ApiConnectionException(0, f"certifi's roots cannot load: {error}") from None
    except (OSError, ValueError) as error:
        raise ApiValueError(f"ssl_ca_cert: cannot be loaded: {_words(error)}") from None
    if with_client:
        _load_client_certificate(context, configuration.cert_file, configuration.key_file)
    return context


def _load_client_certificate(context: _TlsContext, cert: str | None, key: str | None) -> None:
    if cert is None:
        if key is not None:
            raise ApiValueError("key_file: is of no use without cert_file, set that too")
        return
    encrypted = False

    def no_password() -> str:
        nonlocal encrypted
        encrypted = True
        return ""

    try:
        context.load_cert_chain(cert, key, no_password)
    except (OSError, ValueError) as error:
        why = "its key is encrypted, decrypt it" if encrypted else _words(error)
        raise ApiValueError(f"cert_file: cannot be used: {why}") from None


# The connection and the pool.


class _WholeLines:
    """The file of an answer, in which a line that breaks off is an error rather than the last."""

    def __init__(self, file: Any) -> None:
        self.file = file
        self._line = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def readline(self, limit: int = -1) -> bytes:
        # In no local, which a traceback shows: a server may repeat the token.
        self._line = self.file.readline(limit)
        if not self._line:
            raise http.client.RemoteDisconnected("the connection was closed before a whole answer")
        if not self._line.endswith(b"\n") and len(self._line) < limit:
            raise http.client.IncompleteRead(self._line)
        return self._line


class _RawResponse(http.client.HTTPResponse):
    """An answer of http.client that takes neither an interim answer nor half a head for one."""

    # Until it is made: an interrupt in the making leaves an object that is finalized all the same.
    fp: Any = None

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self.fp = _WholeLines(self.fp)

    def begin(self) -> None:
        """Read the head; of a body that does not come in chunks, no lines are read."""
        super().begin()
        if self.fp is not None and not self.chunked:
            self.fp = self.fp.file

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(MAX_INTERIM):
            version, status, reason = cast("Any", super())._read_status()  # noqa: SLF001
            if not 100 <= status < 200 or status == http.HTTPStatus.SWITCHING_PROTOCOLS:  # noqa: PLR2004 - the family 1xx
                return version, status, reason
            http.client.parse_headers(self.fp)
        raise http.client.HTTPException(f"more than {MAX_INTERIM} interim answers")


class _Connection(HTTPConnection):
    """A connection whose sockets end at the wall of the call that it serves."""

    response_class = _RawResponse
    sock: Any
    wall: Wall
    is_spent = False
    joins_body = False
    socks_proxy: ProxyUrl | None = None

    def _new_conn(self) -> socket.socket:
        """Connect to the first address that answers, all within the wall."""
        if self.socks_proxy is not None:
            return self._connect_by_socks(self.socks_proxy)
        failure = OSError("the name has no address")
        # Bytes, as text would load what international names need, and a host here is ASCII.
        found = socket.getaddrinfo(self.host.encode(), self.port, type=socket.SOCK_STREAM)
        for family, kind, protocol, _, address in found:
            try:
                return self._open(_Walled(family, kind, protocol), address)
            except OSError as error:
                pass_on_handlers_error(error)
                failure = error
        raise failure

    def _connect_by_socks(self, proxy: ProxyUrl) -> _Walled:
        from socks import SOCKS4, SOCKS5, socksocket  # noqa: PLC0415 - of an optional package

        class SocksSocket(_Walled, socksocket):
            """Its negotiation ends at the wall too."""

        sock = SocksSocket()
        sock.set_proxy(
            SOCKS4 if proxy.scheme.startswith("socks4") else SOCKS5,
            proxy.host,
            proxy.port or 1080,
            rdns=proxy.scheme in {"socks4a", "socks5h"},
            username=proxy.username or None,
            password=proxy.password or None,
        )
        return self._open(sock, (self.host, self.port))

    def _open(self, sock: _Walled, address: Any) -> _Walled:
        """Connect a socket; close it if that fails or is interrupted."""
        try:
            sock.wall = self.wall
            for option in self.socket_options or ():
                sock.setsockopt(*option)
            sock.settimeout(self.wall.next())
            sock.connect(address)
        except BaseException:
            sock.close()
            raise
        return sock

    def _send_output(self, message_body: Any = None, encode_chunked: bool = False) -> None:
        """Send the head and a body of bytes; a traceback with locals does not show the head."""
        body = message_body or b""
        joined = body if self.joins_body and len(body) <= PIECE else b""
        head = SecretBytes(b"\r\n".join((*cast("Any", self)._buffer, b"", joined)))  # noqa: SLF001
        cast("Any", self)._buffer.clear()  # noqa: SLF001
        self.sock.sendall(head)
        if body is not joined:
            self.sock.sendall(body)

    @property
    def is_connected(self) -> bool:
        """Whether the connection is open, with nothing on it that nobody asked for."""
        # What TLS has unpacked is no longer on the socket; inside of TLS it is one further down.
        tls = getattr(self.sock, "sslobj", self.sock)
        pending: int = tls.pending() if hasattr(tls, "pending") else 0
        return not pending and super().is_connected

    def rearm(self, wall: Wall) -> None:
        """Serve another call, within its wall."""
        self.wall = wall
        # Inside of TLS inside of TLS, the socket is one further down.
        getattr(self.sock, "socket", self.sock).wall = wall

    def __del__(self) -> None:
        if vars(self).get("sock") is not None:
            self.close()


class _TlsConnection(_Connection, HTTPSConnection):
    """The same over TLS."""


class _Turn:
    """The place of a waiter in the queue for a connection."""

    __slots__ = ("came", "connection")

    def __init__(self) -> None:
        self.came = threading.Lock()
        self.came.acquire()
        self.connection: _Connection | None = None


class Pool:
    """The connections to one origin: never more than `size`, and each serves one call at a time.

    It holds together when an exception interrupts it at any point: how many connections there
    are is how many are alive, and a waiter looks again by itself.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._idle: deque[_Connection] = deque()
        self._alive: WeakSet[_Connection] = WeakSet()
        self._waiters: deque[_Turn] = deque()
        self._lock = threading.RLock()
        self._closed = False

    @property
    def is_shared(self) -> bool:
        """Whether several calls may be under way."""
        return len(self._alive) > 1

    def take(self, wall: Wall, make: Callable[[], _Connection]) -> _Connection:
        """Return a connection, a new one of `make` if none is idle; the caller gives it back.

        Raises:
            TimeoutError: none came free before the wall.

        """
        if not self._waiters:
            found = self._find(make)
            if found is not None:
                return found
        return self._wait(wall, make)

    def _find(self, make: Callable[[], _Connection]) -> _Connection | None:
        """Return an idle connection, or a new one if there may be one more; None if not."""
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                break
            if connection.sock is not None:
                return connection
        made: _Connection | None = None
        try:
            with self._lock:
                if len(self._alive) < self._size:
                    made = make()
                    self._alive.add(made)
        except BaseException:
            if made is not None:
                self.forget(made)
            raise
        return made

    def _wait(self, wall: Wall, make: Callable[[], _Connection]) -> _Connection:
        """Queue for a connection: whoever gives one back hands it to the first in the queue."""
        turn = _Turn()
        self._waiters.append(turn)
        try:
            while True:
                found = self._find(make) if turn in islice(self._waiters, 1) else None
                if found is not None:
                    break
                left = wall.left()
                if left <= 0:
                    raise TimeoutError
                has_come = turn.came.acquire(timeout=min(left, _LOOK_AGAIN))
                if turn.connection is not None:
                    return turn.connection
                if has_come:
                    # There may be one more, and until it is made this turn stays the first.
                    self._waiters.appendleft(turn)
        except BaseException:
            self._leave(turn)
            raise
        self._leave(turn)
        return found

    def _leave(self, turn: _Turn) -> None:
        """Leave the queue; what was handed over in that moment goes to the next one."""
        try:
            self._waiters.remove(turn)
        except ValueError:
            if turn.connection is None:
                turn.came.acquire(timeout=_LOOK_AGAIN)
            if turn.connection is not None:
                self.give_back(turn.connection)

    def give_back(self, connection: _Connection) -> None:
        """Take back a connection whose answer was read whole, or that is closed."""
        if self._closed or connection.is_spent:
            connection.close()
        is_usable = connection.sock is not None
        if not is_usable:
            self._alive.discard(connection)
        try:
            turn = self._waiters.popleft()
        except IndexError:
            if is_usable:
                self._idle.append(connection)
            return
        if is_usable:
            turn.connection = connection
        turn.came.release()

    def drop(self, connection: _Connection) -> None:
        """Close a connection that cannot serve another call."""
        connection.close()
        self.give_back(connection)

    def forget(self, connection: _Connection) -> None:
        """Close a connection that an interrupt kept from being given back."""
        connection.close()
        self._alive.discard(connection)

    def close(self) -> None:
        """Close the idle connections now, and the others when they are given back."""
        self._closed = True
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return
            self.drop(connection)


_LOOK_AGAIN = 0.05
"""Seconds after which a waiter for a connection looks again, should nobody have told it."""


# The answer.


class _ResponseHeaders(urllib3.HTTPHeaderDict):
    """Header fields of an answer; those that carry secrets print masked."""

    def __repr__(self) -> str:
        return repr(mask_headers(self.iteritems()))


class HTTPResponse(urllib3.HTTPResponse):
    """A raw answer; what goes wrong while it is read is an `ApiException`.

    What urllib3 keeps about an answer is set up when somebody first asks for it: a call that only
    wants its result does without.

    Attributes:
        idempotency_key: key that the request carried, None where it carried none.
        tries: how many requests were put on the wire for this answer.

    """

    idempotency_key: str | None
    tries: int

    # Until it is made, see above.
    _raw: http.client.HTTPResponse = cast("Any", None)
    _lease: _Connection | None = None
    _busy = False

    def __init__(self, raw: http.client.HTTPResponse, connection: _Connection, call: _Call) -> None:
        self.status = raw.status
        self.reason = raw.reason
        self.idempotency_key = call.idempotency_key
        self.tries = call.tries
        self._call = call
        self._lease = connection
        self._raw = raw
        self._content: bytes | None = None
        self._is_masked = False

    def __getattr__(self, attribute: str) -> Any:
        if "headers" in vars(self):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {attribute!r}")
        headers = _ResponseHeaders()
        for name, value in self._fields():
            shown = self._mask(name, value)
            headers.add(scrub(name, self.secrets), shown if shown == value else value)
        super().__init__(
            body=cast("Any", self._raw),
            headers=headers,
            status=self.status,
            version=self._raw.version,
            version_string=f"HTTP/{self._raw.version / 10}",
            reason=self.reason,
            preload_content=False,
            decode_content=vars(self).get("decode_content", True),
            auto_close=vars(self).get("auto_close", True),
            original_response=cast("Any", self._raw),
            request_method=self._call.request.method,
            request_url=self._call.shown_target,
        )
        if self._content is not None:
            self._body = self._content
            self._fp_bytes_read = len(self._content)
        return getattr(self, attribute)

    def _init_length(self, request_method: str | None) -> int | None:
        """Return how much is left to read, as http.client has worked it out."""
        return self._raw.length

    @property
    def secrets(self) -> list[str]:
        """Texts that no message about this answer may hold."""
        return self._call.request.secrets

    @property
    def content_type(self) -> str:
        """The media type of the body, empty where none is said."""
        return str(self._raw.headers.get("Content-Type", ""))

    @property
    def retry_after(self) -> float | None:
        """Seconds that the server asks to wait, None where it does not, or not clearly."""
        return parse_retry_after(self.headers)

    def masked_headers(self) -> urllib3.HTTPHeaderDict:
        """Return the header fields, those that carry secrets masked."""
        masked = urllib3.HTTPHeaderDict()
        for name, value in self._fields():
            masked.add(scrub(name, self.secrets), self._mask(name, value))
        return masked

    def _fields(self) -> Iterator[tuple[str, str]]:
        """Give the header fields, in texts that a traceback with locals does not show."""
        fields = self._raw.headers
        return zip(map(Secret, fields.keys()), map(Secret, fields.values()), strict=True)

    def _mask(self, name: str, value: str) -> str:
        """Return what of the value of a header field may be shown."""
        shown = Secret(mask_headers([(name, value)])[name])
        shown = Secret(mask_url(shown)) if name.lower() == "location" else shown
        return scrub(shown, self.secrets)

    def load(self) -> bytes:
        """Return the whole body, read up to the bound of the configuration.

        Raises:
            ApiResponseTooLargeException: it is larger; its `body` is the part within the bound.
            ApiConnectionException: it broke off, or its time was up.

        """
        if self._content is None:
            limit = self._call.settings.max_response_body
            length = self._raw.length
            codings = self._raw.headers.get_all("Content-Encoding")
            if codings is None and length is not None and length <= min(limit, PIECE):
                self._content = self._guard(self._read_plain)
            else:
                if not _SMALL_DECODERS.issuperset(_split_list(", ".join(codings or ()))):
                    self.decode_content = False
                self._content = self._load_pieces(limit)
            self._body = self._content
        return self._content

    def _read_plain(self) -> bytes:
        """Read a small body that is not encoded, without what urllib3 would do for others."""
        raw = self._raw
        self._call.wall.budget = cast("int", raw.length) + HEAD_LIMIT
        content = BytesIO()
        try:
            while raw.length:
                if not content.write(raw.read1(raw.length)):
                    raise http.client.IncompleteRead(content.getvalue(), raw.length)
        except OSError as error:
            raise http.client.IncompleteRead(content.getvalue()) from error
        raw.close()
        return content.getvalue()

    def _load_pieces(self, limit: int) -> bytes:
        content = BytesIO()
        failure = self._collect(content, limit)
        if failure is None and content.tell() <= limit:
            return content.getvalue()
        if failure is None:
            content.truncate(limit)
            self.close()
            why = f"the answer is larger than max_response_body, {limit} bytes"
            failure = self.refuse(ApiResponseTooLargeException, why, content.getvalue())
        else:
            content.write(failure.body)
            failure.body = scrub_bytes(content, self.secrets)
        try:
            raise failure.with_traceback(None)
        finally:
            del failure  # which its traceback would hold in a circle

    def _collect(self, content: BytesIO, limit: int) -> ApiException | None:
        """Read until the end of the body, its bound or a failure, which is returned."""
        try:
            while content.tell() <= limit and content.write(self.read1(PIECE)):
                pass
        except ApiException as error:
            return error
        return None

    def check_length(self) -> None:
        """Check that the length of the body is clear, after which the next answer begins.

        Raises:
            ApiResponseException: it is not.

        """
        if not _is_clear(self._raw.headers.get_all("Content-Length")):
            raise self.refuse(
                ApiResponseException,
                "its Content-Length is not one number: "
                + ", ".join(self._raw.headers.get_all("Content-Length", ()))[:100],
            )

    def refuse(self, kind: type[ApiException], why: str, body: bytes = b"") -> ApiException:
        """Return the exception of an answer that came, but cannot be read."""
        return self.describe(kind(self.status, f"{self.reason}, but {why}", body=body))

    def outlive_deadline(self) -> None:
        """Let the body take its time: each read has its time-out, and a triple's total holds."""
        if not self._call.wall.covers_stream:
            self._call.wall.end = inf

    def hide_secrets(self) -> None:
        """Mask what the server says of the call's secrets, before the answer is shown."""
        self.reason = self._raw.reason = scrub(self.reason or "", self.secrets)
        if self._content is not None:
            self._content = scrub_bytes(BytesIO(self._content), self.secrets)
            self._body = self._content
        self._is_masked = True

    def describe(self, error: Any) -> Any:
        """Return an exception with what this answer says, the call's secrets masked."""
        error.reason = scrub(error.reason or "", self.secrets)
        error.args = (error.status, error.reason)
        if not (self._is_masked and error.body is self._content):
            error.body = scrub_bytes(BytesIO(error.body), self.secrets)
        error.headers = self.masked_headers()
        error.retry_after = self.retry_after
        error.idempotency_key = self.idempotency_key
        error.tries = self.tries
        return error

    def _guard(self, read: Callable[..., bytes], *args: Any, **keywords: Any) -> bytes:
        """Read; free the connection at the end of the body, and close it after a failure.

        While it reads, `release_conn` of urllib3 leaves the connection alone: it is called at the
        end of a body that has just failed, too.
        """
        self._busy = True
        try:
            data = BytesIO(read(*args, **keywords))  # a traceback with locals shows no text
        except (*_FAILURES, OverflowError, MemoryError) as error:
            self._abandon()
            pass_on_handlers_error(error)
            failure, cause = self._explain(error)
        except BaseException:
            self._abandon()
            raise
        else:
            self._busy = False
            if not self._raw.isclosed():
                return data.getvalue()
            self.release_conn()
            if self._is_whole():
                return data.getvalue()
            why = "its Content-Encoding breaks off in the middle"
            failure, cause = self.refuse(ApiResponseException, why, data.getvalue()), None
        try:
            raise self.describe(failure) from cause
        finally:
            del failure, cause  # which their traceback would hold in a circle

    def _init_decoder(self) -> None:
        super()._init_decoder()
        self._decoder = _mend(self._decoder)
        parts: list[Any] = getattr(self._decoder, "_decoders", [])
        parts[:] = map(_mend, parts)

    def _is_whole(self) -> bool:
        """Tell whether all decoders have met the end of what they decode."""
        decoder = vars(self).get("_decoder")
        if decoder is None or decoder.has_unconsumed_tail:
            return True
        if not self._has_decoded_content or not self._fp_bytes_read:
            return True
        return all(map(_is_at_end, getattr(decoder, "_decoders", (decoder,))))

    def _explain(self, error: BaseException) -> tuple[ApiException, BaseException | None]:
        cause = _find_cause(error)
        partial = _partial_of(cause, error)
        if isinstance(cause, (_OverBudgetError, http.client.LineTooLong)):
            why = "more bytes came around its body than an answer may have"
            return self.refuse(ApiResponseTooLargeException, why), cause
        if not isinstance(cause, (OSError, http.client.IncompleteRead)):
            why = f"it cannot be read: {_words(cause)}"
            shown = cause if _is_clean(cause, self.secrets) else None
            return self.refuse(ApiResponseException, why, partial.getvalue()), shown
        failure, shown = self._call.explain(cause, f"reading the answer {self.status}")
        failure.body = partial.getvalue()
        return failure, shown

    def _abandon(self) -> None:
        self._busy = False
        self._raw.close()
        self._end_lease(is_spent=True)

    def _end_lease(self, *, is_spent: bool) -> None:
        """Give the connection back, to be closed if it is spent."""
        lease, self._lease = self._lease, None
        if lease is not None:
            lease.is_spent = lease.is_spent or is_spent
            pool = self._call.route.pool
            try:
                pool.give_back(lease)
            except BaseException:
                pool.forget(lease)
                raise

    def read(self, amt: int | None = None, *args: Any, **keywords: Any) -> bytes:
        """Read as urllib3 does; see the class for what it raises."""
        self._call.wall.budget = inf if amt is None or amt < 0 else HEAD_LIMIT + _READS_AHEAD * amt
        return self._guard(super().read, amt, *args, **keywords)

    def read1(self, amt: int | None = None, *args: Any, **keywords: Any) -> bytes:
        """Read what is there as urllib3 does; see the class for what it raises."""
        amount = PIECE if amt is None or amt < 0 else amt
        self._call.wall.budget = HEAD_LIMIT + _READS_AHEAD * amount
        return self._guard(super().read1, amount, *args, **keywords)

    def stream(
        self, amt: int | None = PIECE, decode_content: bool | None = None
    ) -> Generator[bytes]:
        """Read piece by piece, each as soon as it comes; see the class for what it raises.

        Args:
            amt: the most bytes of a piece; None is the whole body.
            decode_content: whether to undo the Content-Encoding; None does.

        """
        read = self.read if amt is None else self.read1
        while piece := read(amt, decode_content):
            yield piece

    read_chunked = stream

    def json(self) -> Any:
        """Return the value of a JSON body; ApiException if it is none."""
        try:
            return super().json()
        except (ValueError, RecursionError) as error:
            why = f"the body is not JSON in UTF-8: {_words(error)}"
        # Out here, as the error above holds the whole body.
        raise self.refuse(ApiResponseException, why, self.data)

    def save(self, folder: str | None) -> FileSchema:
        """Return the body as a file in `folder`, or in the system's if None; its name is random.

        Raises:
            ApiException: the body broke off or cannot be written; no file is left behind.

        """
        self.outlive_deadline()
        path = None
        try:
            from tempfile import mkstemp  # noqa: PLC0415 - few answers are files

            handle, path = mkstemp(prefix="gentrace-", dir=folder)
            with os.fdopen(handle, "wb", buffering=0) as file:
                for piece in self.stream(PIECE):
                    rest = memoryview(piece)
                    while rest:
                        rest = rest[file.write(rest) :]
            return FileSchema(path)
        except BaseException as error:
            self.close()
            if path is not None:
                os.unlink(path)  # noqa: PTH108 - pathlib has nothing to add
            if not isinstance(error, (OSError, ImportError)):  # the latter as Python ends
                raise
            pass_on_handlers_error(error)
            cause = _find_cause(error)
        why = f"the answer cannot be saved: {_words(cause)}"
        raise self.refuse(ApiResponseException, why) from cause

    def discard(self) -> None:
        """Free the connection; it is kept if what is left to read is little and comes at once."""
        raw, wall = self._raw, self._call.wall
        if raw.length is not None and raw.length <= PIECE:
            end = wall.end
            wall.end = min(end, time.monotonic() + _DISCARD_TIME)
            wall.budget = HEAD_LIMIT + PIECE
            try:
                while self._guard(raw.read1, PIECE):  # as it comes: nobody unpacks it
                    pass
                if raw.length == 0:
                    raw.close()
            except ApiException:
                pass
            finally:
                wall.end = end
        self.close()

    drain_conn = discard

    def release_conn(self) -> None:
        """Give the connection back if the answer was read whole; close it if not."""
        if self._busy:
            return
        if not self._raw.isclosed():
            self._abandon()
            return
        self._end_lease(is_spent=False)

    @property
    def closed(self) -> bool:
        """Whether there is nothing more to read; with `auto_close = False`, whether it was closed.

        The latter is for `io.TextIOWrapper`, which reads once more after the end.
        """
        if not vars(self).get("auto_close", True):
            return bool(cast("Any", io.IOBase.closed).__get__(self))
        raw: Any = self._raw
        return raw is None or bool(raw.isclosed())

    def close(self) -> None:
        """Free the connection; what was not read is lost."""
        self._busy = False  # an interrupt may have kept a read from saying so
        self.release_conn()
        if not vars(self).get("auto_close", True):
            io.IOBase.close(self)

    def shutdown(self) -> None:
        """End a read that another thread is in: it gets no more."""
        lease = self._lease
        if lease is not None:
            with suppress(OSError):  # the server has closed it already
                # Inside of TLS inside of TLS, the socket is one further down.
                getattr(lease.sock, "socket", lease.sock).shutdown(socket.SHUT_RD)


_DISCARD_TIME = 0.25
"""Seconds to wait for the rest of an answer that nobody wants."""


_READS_AHEAD = 8
"""How many bytes may come in for one of a piece: encoded ones, and the lines between chunks."""


def _split_list(value: str) -> list[str]:
    return [item.strip().lower() for item in value.split(",")]


_SMALL_DECODERS = frozenset({"gzip", "x-gzip", "deflate", "identity", ""})
"""Codings that need little memory, whatever the server says. A body that is deserialized and has
another one stays as it came."""


class _GzipDecoder(GzipDecoder):
    """urllib3's, which loses what comes after a member that ends just where a read does."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        goes_on = self._obj.eof and self._state != GzipDecoderState.SWALLOW_DATA
        if goes_on and max_length != 0 and (data or self._unconsumed_tail):
            self._state = GzipDecoderState.OTHER_MEMBERS
            self._obj = zlib.decompressobj(16 + zlib.MAX_WBITS)
        return super().decompress(data, max_length)

    @property
    def is_at_end(self) -> bool:
        """Whether the last member is whole; what follows it need not be gzip."""
        if self._obj.eof or self._state == GzipDecoderState.SWALLOW_DATA:
            return True
        if self._state == GzipDecoderState.FIRST_MEMBER:
            return False
        try:
            self._obj.copy().decompress(b"\x8b")  # how a header goes on after its first byte
        except zlib.error as error:
            return "header" in str(error)
        return False


def _mend(decoder: Any) -> Any:
    return _GzipDecoder() if type(decoder) is GzipDecoder else decoder


def _is_at_end(decoder: Any) -> bool:
    """Tell whether a decoder that can tell has met the end of what it decodes."""
    if isinstance(decoder, _GzipDecoder):
        return decoder.is_at_end
    return bool(getattr(getattr(decoder, "_obj", None), "eof", True))


def _is_clear(lengths: list[str] | None) -> bool:
    """Tell whether Content-Length says one number, or nothing."""
    if lengths is None:
        return True
    text = lengths[0].strip()
    return len(set(lengths)) == 1 and text.isdecimal() and len(text) < _LONG_LENGTH


_LONG_LENGTH = 21
"""Digits from which on a number of bytes is a mistake."""


def parse_retry_after(headers: Any) -> float | None:
    """Return the seconds of `retry-after-ms` or `Retry-After`; None if absent or malformed."""
    milliseconds = headers.get("retry-after-ms", "")
    if milliseconds.isascii() and milliseconds.isdigit() and len(milliseconds) < _LONG_NUMBER:
        return int(milliseconds) / 1000 or None
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return (int(value) or None) if len(value) < _LONG_NUMBER else None
    try:
        seconds = parsedate_to_datetime(value).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None
    return seconds if seconds > 0 else None


_LONG_NUMBER = 12
"""Digits from which on a number of seconds is a mistake."""

# What went wrong.


_FAILURES = (HTTPError, OSError, http.client.HTTPException, ValueError, _OverBudgetError)


def _find_cause(error: BaseException) -> BaseException:
    """Return the first cause of an error, without the traceback, whose frames hold secrets."""
    *_, first = causes(error)
    first.__cause__ = first.__context__ = None
    return first.with_traceback(None)


def _is_clean(error: BaseException, secrets: list[str]) -> bool:
    """Tell whether an error may be shown: nothing that it holds is a secret."""
    shown = Secret(f"{error} {error!r} {error.args} {vars(error)}")
    partial = _partial_of(error)
    is_clean = scrub_bytes(partial, secrets) == partial.getvalue()
    return is_clean and scrub(shown, secrets) == shown


def _words(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror and not isinstance(error, ssl.SSLError):
        return error.strerror
    return mask_url(str(error)) or type(error).__name__


def _is_tls_error(error: BaseException) -> bool:
    """Tell whether TLS failed, rather than the connection below it."""
    broke_off = isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError))
    return isinstance(error, (ssl.SSLError, CertificateError)) and not broke_off


def _refuses_certificate(error: BaseException) -> bool:
    """Tell whether the server wants another certificate: TLS 1.3 says so after the handshake."""
    reason = getattr(error, "reason", None) or ""
    return "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason)


_UNTRUSTED = frozenset({18, 19, 20, 21})
_NOT_YET_VALID, _EXPIRED, _WRONG_NAME, _WRONG_ADDRESS = 9, 10, 62, 64


def _explain_tls(error: BaseException) -> str:  # noqa: PLR0911 - one return a verdict
    code = getattr(error, "verify_code", 0)
    if code in _UNTRUSTED:
        return (
            "its certificate is not trusted: it is self-signed or of an unknown issuer, or the "
            "server does not send an intermediate certificate; set ssl_ca_cert to what to trust"
        )
    if code == _EXPIRED:
        return "its certificate has expired; check the clock, or renew it"
    if code == _NOT_YET_VALID:
        return "its certificate is not valid yet; check the clock"
    if code in {_WRONG_NAME, _WRONG_ADDRESS} or not isinstance(error, ssl.SSLError):
        return (
            "its certificate is for another name; check the host, or set tls_server_name "
            f"({getattr(error, 'verify_message', '') or error})"
        )
    if _refuses_certificate(error):
        return f"it refuses the client's certificate, or wants one: set cert_file ({error})"
    if error.reason in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"}:
        return "it does not speak TLS at this port; check the port, or use http://"
    return f"TLS failed: {error}"


_PLAIN_TO_TLS = b"\x15\x03"
"""How a TLS alert begins: what a TLS port answers to plain HTTP."""


def _start_of_answer(error: BaseException) -> bytes:
    if isinstance(error, http.client.BadStatusLine):
        return str(error).encode("latin-1", "replace")
    return _partial_of(error).getvalue()


def _partial_of(*errors: BaseException) -> BytesIO:
    """Return the bytes that one of some errors holds, in what a traceback does not show."""
    for error in errors:
        # urllib3 only counts them.
        if isinstance(getattr(error, "partial", 0), bytes):
            return BytesIO(cast("Any", error).partial)
    return BytesIO()


# Retries.


class Backoff(Retry):
    """urllib3's Retry with waits of full jitter, and no other status than those in its list."""

    RETRY_AFTER_STATUS_CODES: frozenset[int] = frozenset()
    retry_after_max = MAX_RETRY_AFTER

    def get_backoff_time(self) -> float:
        """Return seconds: from 0 to 0.5, doubled with each try up to 8."""
        return random.uniform(0, min(8.0, 0.5 * 2 ** (len(self.history) - 1)))  # noqa: S311 - no secret


def _make_retry(setting: Any) -> Retry | None:
    if isinstance(setting, Retry):
        return setting
    total = DEFAULT_RETRIES if setting is None else int(setting)
    if not total:
        return None
    retry = Backoff(total=total, status_forcelist=RETRIED_STATUSES, allowed_methods=None)
    retry.retry_after_max = MAX_RETRY_AFTER
    return retry


class Quota:
    """How many retries a client has left: an outage is not made worse by retrying all calls.

    A retry costs 5 of 500, 10 after a time-out; a call that succeeds at once gives 1 back.
    """

    CAPACITY = 500

    def __init__(self) -> None:
        self._left = self.CAPACITY
        self._lock = threading.RLock()

    def spend(self, cost: int) -> bool:
        """Take the cost of a retry; False if there is not enough left."""
        with self._lock:
            if self._left < cost:
                return False
            self._left -= cost
            return True

    def refill(self) -> None:
        """Give back 1."""
        if self._left < self.CAPACITY:
            with self._lock:
                self._left = min(self.CAPACITY, self._left + 1)


_RETRY_COST, _TIMEOUT_COST = 5, 10


# What stays the same over many calls.


class Settings:
    """What a configuration says, worked out for the calls until it changes.

    Attributes:
        client: what sends the requests.
        configuration: the configuration.
        changes: its count of changes when it was read.
        key: what connections depend on: those made with equal keys are as good as each other.
        timeout: seconds: connect, read, and the whole call.
        rules: how strictly bodies are read.
        dumps: a faster JSON encoder than the standard library's, None for that.
        retry: what says whether a call may be sent again; None if it never may.
        max_response_body: bytes of an answer that is not streamed.
        prepared: requests that are the same on each call but for their bodies, by operation.

    """

    def __init__(self, client: RestClient, configuration: Configuration) -> None:
        self.client = client
        self.configuration = configuration
        self.changes = configuration.changes
        self.key = tuple(getattr(configuration, name) for name in _SOCKET_SETTINGS)
        timeout = configuration.timeout
        self.timeout = _split_timeout(timeout, DEFAULT_TIMEOUT[2])
        # The default is no bound that somebody asked for.
        self._covers_stream = _is_triple(timeout) and timeout is not DEFAULT_TIMEOUT
        disabled = configuration.disabled_client_side_validations
        self.rules = Rules(disabled=disabled) if disabled else REQUEST_RULES
        self.dumps = find_encoder(configuration.json_encoder)
        self.retry = _make_retry(configuration.retries)
        self.max_response_body = configuration.max_response_body
        self.prepared: dict[object, PreparedRequest] = {}

    def wall(self, timeout: TimeoutSetting | None) -> Wall:
        """Return the wall of a call that starts now; None takes the configuration's time-out.

        Raises:
            ApiTypeError: neither a number nor a tuple of two or three.
            ApiValueError: a number that is not above 0 and finite.

        """
        if timeout is None:
            return Wall(*self.timeout, covers_stream=self._covers_stream)
        checked = check_timeout("timeout", timeout)
        return Wall(*_split_timeout(checked, self.timeout[2]), covers_stream=_is_triple(checked))

    def prepare(
        self, method: str, host: str, path: str, fields: Headers, secrets: list[str]
    ) -> PreparedRequest:
        """Return a request to `path` below the base address `host`, with these header fields.

        Raises:
            ApiValueError: certificates, key or proxy of the configuration cannot be used.
            ApiConnectionException: Python ends, and cannot import certifi any more.

        """
        base = urlsplit(host)
        origin = base._replace(scheme=base.scheme.lower(), netloc=_spell_netloc(base))
        route = self.client.find_route(self, origin)
        if "authorization" in map(str.lower, fields):
            self.client.warn_if_insecure(route)
        sent = Headers({"Accept-Encoding": "identity"})
        sent.replace(fields)
        sent.replace(route.fields)
        target = base.path.rstrip("/") + path
        return PreparedRequest(self, method, route, target, sent, secrets)


_SOCKET_SETTINGS = (
    "assert_hostname",
    "cert_file",
    "connection_pool_maxsize",
    "key_file",
    "proxy",
    "proxy_headers",
    "socket_options",
    "ssl_ca_cert",
    "tls_server_name",
    "verify_ssl",
)
"""The settings that a connection is made with."""


def _is_triple(setting: object) -> bool:
    return isinstance(setting, tuple) and len(cast("tuple[object, ...]", setting)) > 2  # noqa: PLR2004


def _split_timeout(setting: Any, total: float) -> tuple[float, float, float]:
    parts: tuple[float, ...] = (setting,) * 3 if isinstance(setting, (int, float)) else setting
    connect, read = parts[:2]
    whole = parts[2] if _is_triple(parts) else max(total, connect + read)
    return min(connect, CLOCK_LIMIT), min(read, CLOCK_LIMIT), min(whole, CLOCK_LIMIT)


class Route:
    """How requests get to an origin.

    Attributes:
        origin: its scheme, host and port, as a URL.
        pool: connections to it or to its proxy.
        prefix: what stands before the path in the request line.
        fields: header fields for a proxy that reads the requests.
        where: how messages name it, the proxy included.
        uses_tls: whether it speaks TLS.
        has_proxy: whether there is a proxy before it.
        secrets: what is for the proxy alone, and no message may hold.

    """

    def __init__(self, origin: SplitResult, configuration: Configuration) -> None:
        self.origin = f"{origin.scheme}://{origin.netloc}"
        self.prefix = ""
        self.fields = Headers()
        self.where = self.origin
        self.uses_tls = origin.scheme == "https"
        self._target = (origin.hostname or "", _port_of(origin))
        self._configuration = configuration.copy()
        self._context: _TlsContext | None = None
        self._proxy_context: _TlsContext | None = None
        self._proxy_fields = Headers()
        self.secrets: list[str] = []
        self._proxy = proxy = self._find_proxy(origin)
        self.has_proxy = proxy is not None
        self._is_socks = proxy is not None and proxy.scheme.startswith("socks")
        if proxy is not None:
            self.where += f" through the proxy {proxy.shown}"
            self._proxy_fields = proxy.make_fields(self._configuration.proxy_headers or {})
            self.secrets = [*proxy.secrets, *find_secrets(self._proxy_fields, everywhere=True)]
            if not self.uses_tls and not self._is_socks:
                self.prefix = self.origin
                self.fields = self._proxy_fields
        if self.uses_tls:
            self._context = _make_tls_context(configuration)
        if proxy is not None and proxy.scheme == "https":
            self._proxy_context = _make_tls_context(configuration, with_client=False)
        self.pool = Pool(configuration.connection_pool_maxsize)

    def _find_proxy(self, origin: SplitResult) -> ProxyUrl | None:
        proxy = self._configuration.proxy
        if proxy is None:
            # The same check as for the setting, so that a bad variable says so too.
            proxy = check_proxy(f"{origin.scheme}_proxy", find_proxy(origin.scheme, *self._target))
        if not proxy:
            return None
        found = ProxyUrl(proxy)
        if found.scheme.startswith("socks"):
            try:
                import_module("socks")
            except ImportError:
                raise ApiValueError(
                    "proxy: a SOCKS proxy needs PySocks: pip install 'urllib3[socks]'"
                ) from None
        return found

    def connect(self) -> _Connection:
        """Return a new connection that is not yet connected."""
        configuration = self._configuration
        options = configuration.socket_options
        common: dict[str, Any] = {
            "socket_options": HTTPConnection.default_socket_options if options is None else options
        }
        host, port = self._target
        proxy = None if self._is_socks else self._proxy
        if proxy is not None:
            host, port = proxy.host, _port_of(proxy)
        if not self.uses_tls:
            if self._proxy_context is not None:
                return _TlsConnection(host, port, ssl_context=self._proxy_context, **common)
            connection = _Connection(host, port, **common)
        else:
            connection = _TlsConnection(
                host,
                port,
                ssl_context=self._context,
                assert_hostname=cast("Any", configuration.assert_hostname),
                server_hostname=configuration.tls_server_name,
                **common,
            )
            if proxy is not None:
                connection.proxy = Url(proxy.scheme, None, host, port)
                connection.proxy_config = ProxyConfig(self._proxy_context, False, None, None)
                connection.set_tunnel(*self._target, self._proxy_fields, proxy.scheme)
        if self._is_socks:
            connection.socks_proxy = self._proxy
        return connection

    def find_danger(self) -> str | None:
        """Return why what is sent on this route can be read by others; None if it cannot."""
        ends = [self._target[0], *([] if self._proxy is None else [self._proxy.host])]
        if not self.uses_tls and not all(map(is_loopback, ends)):
            return f"the token is sent to {self.origin} without encryption: use https://"
        if self.uses_tls and not self._configuration.verify_ssl:
            return (
                f"the token is sent to {self.origin}, whose certificate is not checked: set "
                "verify_ssl = True, and ssl_ca_cert to what to trust"
            )
        return None


def _count_own_frames() -> int:
    """Return how many frames of this package stand between a warning and the caller."""
    from inspect import currentframe  # noqa: PLC0415 - slow to import, for few calls

    frame = currentframe()
    count = 0
    while frame is not None and str(frame.f_globals.get("__name__")).startswith("gentrace."):
        count += 1
        frame = frame.f_back
    return count


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost" or host.lower().endswith(".localhost")


def _port_of(url: SplitResult | ProxyUrl) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


class PreparedRequest:
    """A request but for its body, its length and its key: what is the same on each call.

    Attributes:
        settings: how it is sent.
        method: HTTP method.
        route: how it gets to its origin.
        target: path and query.
        head: its header fields as they are sent.
        secrets: texts that no message may hold.

    """

    __slots__ = ("head", "method", "route", "secrets", "settings", "target")

    def __init__(  # noqa: PLR0913, PLR0917 - one argument an attribute
        self,
        settings: Settings,
        method: str,
        route: Route,
        target: str,
        fields: Headers,
        secrets: list[str],
    ) -> None:
        self.settings = settings
        self.method = method
        self.route = route
        self.target = target
        host = route.origin.partition("://")[2]
        # In one expression, as a traceback would show the token in a list of the lines.
        self.head = SecretBytes(
            f"Host: {host}\r\n".encode()
            + "\r\n".join(f"{name}: {value}" for name, value in fields.items()).encode("latin-1")
        )
        self.secrets = drop_longer([*secrets, *route.secrets])


# A call.


class _Call:
    """One call, over all of its requests.

    Attributes:
        request: what is sent.
        route: how it gets to its origin.
        settings: how it is sent.
        body: its body, None for none.
        idempotency_key: key of all of its requests, None for none.
        wall: its deadline.
        target: what its request line asks for, which a redirect changes.
        retry: what says whether it may be sent again; None if it may not.
        tries: requests put on the wire so far.
        redirects: how many redirects it followed.
        was_sent: whether the present request was put on the wire.
        is_hopeless: whether what went wrong will go wrong again.

    """

    __slots__ = (
        "body",
        "idempotency_key",
        "is_hopeless",
        "redirects",
        "request",
        "retry",
        "route",
        "settings",
        "target",
        "tries",
        "wall",
        "was_sent",
    )

    def __init__(
        self,
        request: PreparedRequest,
        body: bytes | None,
        idempotency_key: str | None,
        wall: Wall,
    ) -> None:
        self.request = request
        self.route = request.route
        self.settings = request.settings
        self.body = body
        self.idempotency_key = idempotency_key
        self.wall = wall
        self.target = request.target
        self.retry = request.settings.retry
        self.tries = 0
        self.redirects = 0
        self.was_sent = False
        self.is_hopeless = False

    def exchange(self) -> HTTPResponse:
        """Put the request on the wire once, and return the answer with its body unread.

        Raises:
            ApiConnectionException: no answer came.

        """
        wall = self.wall
        phase = "waiting for one of the pool's connections, which unclosed streams hold"
        connection: _Connection | None = None
        self.was_sent = False
        try:
            connection = self._take_connection()
            wall.budget = HEAD_LIMIT
            if connection.sock is None:
                phase = "connecting"
                wall.limit = wall.connect
                connection.connect()
            phase = "sending the request"
            wall.limit = wall.read
            wall.budget = HEAD_LIMIT
            self.was_sent = True
            self.tries += 1
            self._write(connection)
            phase = "waiting for the answer"
            raw = http.client.HTTPConnection.getresponse(connection)
            response = HTTPResponse(raw, connection, self)
            if raw.status == http.HTTPStatus.SWITCHING_PROTOCOLS:
                connection.is_spent = True
            response.check_length()
            return response  # noqa: TRY300 - the failures below are those of all lines above
        except BaseException as error:
            if connection is not None:
                self.route.pool.drop(connection)
            if not isinstance(error, _FAILURES):
                raise
            pass_on_handlers_error(error)
            failure, cause = self.explain(error, phase)
        try:
            raise failure from cause
        finally:
            del failure, cause  # which their traceback would hold in a circle

    @property
    def shown_target(self) -> str:
        """The target as it may be shown: a server may redirect to what it got."""
        return scrub(self.target, self.request.secrets)

    def log(self, text: str, *args: object) -> None:
        """Write to the log what happens to the call."""
        if log.isEnabledFor(logging.DEBUG):
            log.debug("%s %s: %s", self.request.method, self.shown_target, text % args)

    def _take_connection(self) -> _Connection:
        pool = self.route.pool
        while True:
            connection = pool.take(self.wall, self.route.connect)
            try:
                if connection.sock is None:
                    connection.wall = self.wall
                    return connection
                if connection.is_connected:
                    connection.rearm(self.wall)
                    return connection
            except BaseException:
                pool.drop(connection)
                raise
            pool.drop(connection)

    def _write(self, connection: _Connection) -> None:
        body = self.body
        connection.putrequest(
            self.request.method,
            self.route.prefix + self.target,
            skip_host=True,
            skip_accept_encoding=True,
        )
        last = b"" if body is None else b"\r\nContent-Length: %d" % len(body)
        if self.idempotency_key is not None:
            last += b"\r\nIdempotency-Key: " + self.idempotency_key.encode()
        # Alone, a server may begin with the head while the body is on its way. Among others, it has
        # enough to do, and one system call and packet fewer count.
        connection.joins_body = self.route.pool.is_shared
        # The unchanging fields as one ready block: one by one they cost more than the sending.
        cast("Any", connection)._output(self.request.head + last)  # noqa: SLF001
        try:
            connection.endheaders(body)
        except (ConnectionError, ssl.SSLEOFError) as error:
            pass_on_handlers_error(error)
            # The server may have answered before it had read it all.
            connection.is_spent = True

    def explain(
        self, error: BaseException, phase: str
    ) -> tuple[ApiConnectionException, BaseException | None]:
        """Return the exception that a failure of the transport becomes, and its cause."""
        cause = _find_cause(error)
        kind, why = self._judge(cause, phase)
        safe = scrub(f"{self.route.where}: {why}", self.request.secrets)
        failure = kind(0, safe, idempotency_key=self.idempotency_key, tries=self.tries)
        return failure, cause if _is_clean(cause, self.request.secrets) else None

    def _judge(  # noqa: PLR0911 - one return a verdict
        self, cause: BaseException, phase: str
    ) -> tuple[type[ApiConnectionException], str]:
        wall = self.wall
        if isinstance(cause, TimeoutError):
            if wall.left() <= 0:
                return ApiTimeoutException, f"the call's {wall.total:g} s were up while {phase}"
            return ApiTimeoutException, f"nothing happened for {wall.limit:g} s while {phase}"
        is_connecting = not self.was_sent
        if _is_tls_error(cause) and (is_connecting or _refuses_certificate(cause)):
            self.is_hopeless = True
            return ApiTlsException, _explain_tls(cause)
        if _PLAIN_TO_TLS in _start_of_answer(cause):
            self.is_hopeless = True
            return ApiTlsException, "it speaks TLS at this port; use https://"
        kind = (
            ApiProxyException if is_connecting and self.route.has_proxy else ApiConnectionException
        )
        if "Tunnel connection failed" in str(cause) or hasattr(cause, "socket_err"):
            self.is_hopeless = True
            return kind, f"the proxy refused: {_words(cause)}"
        if isinstance(cause, _OverBudgetError):
            return kind, f"more bytes than an answer may have, while {phase}"
        if isinstance(cause, socket.gaierror):
            return kind, f"the name cannot be resolved: {_words(cause)}"
        hint = ""
        if isinstance(cause, http.client.RemoteDisconnected) and not self.route.uses_tls:
            hint = " (if it speaks TLS at this port, use https://)"
        return kind, f"{_words(cause)}, while {phase}{hint}"

    def follow(self, response: HTTPResponse) -> bool:
        """Point the call at where a redirect of the same origin leads; tell whether it is one."""
        location = response.headers.get("Location")
        if location is None or self.redirects == MAX_REDIRECTS:
            return False
        here = urlsplit(self.route.origin)
        try:
            there = urlsplit(urljoin(self.route.origin + self.target, location))
            is_same = there.scheme == here.scheme and (there.hostname, _port_of(there)) == (
                here.hostname,
                _port_of(here),
            )
        except ValueError:
            return False
        target = (there.path or "/") + (f"?{there.query}" if there.query else "")
        if not is_same or "@" in there.netloc or any(not "!" <= c <= "~" for c in target):
            return False
        self.target = Secret(target)
        self.redirects += 1
        return True

    def next_wait(  # noqa: PLR0911 - one return a verdict
        self, quota: Quota, response: HTTPResponse | None, failure: ApiException | None
    ) -> float | None:
        """Return the seconds after which to send the call again; None if it has ended."""
        if self.retry is None:
            return None
        asked = None
        error: HTTPError | None = None
        if response is not None:
            asked = response.retry_after
            if not self.retry.is_retry(self.request.method, response.status, asked is not None):
                return None
        elif self.is_hopeless:
            return None
        elif self.was_sent:
            error = ProtocolError(str(failure))
        else:
            error = ConnectTimeoutError(str(failure))
        try:
            self.retry = self.retry.increment(
                self.request.method, self.shown_target, response=cast("Any", response), error=error
            )
        except HTTPError:
            return None
        wait = self.retry.get_backoff_time()
        if asked is not None and self.retry.respect_retry_after_header:
            wait = asked * random.uniform(1, 1.1)  # noqa: S311 - no secret
            if asked > getattr(self.retry, "retry_after_max", MAX_RETRY_AFTER):
                return None
        wait = max(0.0, wait)  # of a Retry of the caller's, it may be anything
        if wait >= self.wall.left():
            return None
        cost = _TIMEOUT_COST if isinstance(failure, ApiTimeoutException) else _RETRY_COST
        return wait if quota.spend(cost) else None


_REDIRECTS = frozenset({http.HTTPStatus.TEMPORARY_REDIRECT, http.HTTPStatus.PERMANENT_REDIRECT})


# The client.


class RestClient:
    """Sends requests and returns raw answers: connections and quota of one client and process."""

    def __init__(self) -> None:
        self.settings: Any = None
        self._routes: dict[tuple[object, str], Route] = {}
        self._quota = Quota()
        self._warnings: set[str] = set()

    def read_settings(self, configuration: Configuration) -> Settings:
        """Return what the configuration says now, and close what it has no use for."""
        settings = self.settings
        if (
            settings is not None
            and settings.configuration is configuration
            and settings.changes == configuration.changes
        ):
            return settings
        settings = self.settings = Settings(self, configuration)
        for key, route in list(self._routes.items()):
            if key[0] != settings.key and self._routes.pop(key, None) is not None:
                route.pool.close()
        return settings

    def find_route(self, settings: Settings, origin: SplitResult) -> Route:
        """Return the route to an origin, the same one for all calls with these settings.

        Raises:
            ApiValueError: certificates, key or proxy of the configuration cannot be used.
            ApiConnectionException: Python ends, and cannot import certifi any more.

        """
        key = (settings.key, f"{origin.scheme}://{origin.netloc}")
        route = self._routes.get(key)
        if route is None:
            # Whichever of two threads comes second takes the first one's.
            route = self._routes.setdefault(key, Route(origin, settings.configuration))
        return route

    def warn_if_insecure(self, route: Route) -> None:
        """Warn, once for each origin and client, that what is sent to it can be read by others."""
        danger = route.find_danger()
        if danger is not None and danger not in self._warnings:
            warnings.warn(danger, InsecureTransportWarning, stacklevel=_count_own_frames())
            self._warnings.add(danger)

    def use(self, configuration: Configuration) -> None:
        """Read the settings again if they have changed."""
        self.read_settings(configuration)

    def start(self, timeout: TimeoutSetting | None) -> Wall:
        """Return the deadline of a call that starts now."""
        return cast("Settings", self.settings).wall(timeout)

    def send(self, request: Request, deadline: Wall, *, stream: bool) -> HTTPResponse:
        """Send a request."""
        prepared = cast("Settings", self.settings).prepare(
            request.method, request.host, request.target, request.headers, request.secrets
        )
        return self.exchange(
            prepared, request.body, request.idempotency_key, deadline, stream=stream
        )

    def exchange(  # noqa: C901 - one loop
        self,
        request: PreparedRequest,
        body: bytes | None,
        idempotency_key: str | None,
        wall: Wall,
        *,
        stream: bool,
    ) -> HTTPResponse:
        """Send a request until it is answered or not to be sent again; return the answer.

        Args:
            request: all but the body.
            body: the body, None for none.
            idempotency_key: its key, None for none.
            wall: its deadline.
            stream: whether a 2xx answer keeps its body on the wire.

        Raises:
            ApiConnectionException: no complete answer came.
            ApiResponseTooLargeException: the answer is larger than the bound.

        """
        call = _Call(request, body, idempotency_key, wall)
        response: HTTPResponse | None = None
        failure: ApiException | None = None
        try:
            while True:
                failure = None
                try:
                    response = call.exchange()
                    call.log("request %d: %d", call.tries, response.status)
                    if response.status < http.HTTPStatus.MULTIPLE_CHOICES:
                        if not stream:
                            response.load()
                        if call.tries == 1:
                            self._quota.refill()
                        return response
                    if response.status in _REDIRECTS and call.follow(response):
                        response.discard()
                        continue
                except ApiConnectionException as error:
                    response, failure = None, error
                wait = call.next_wait(self._quota, response, failure)
                if wait is None and response is not None:
                    response.load()
                    return response
                if wait is None:
                    raise cast("ApiException", failure)
                if response is not None:
                    response.discard()
                call.log("another request in %.2f s", wait)
                time.sleep(wait)
        except BaseException:
            # Such as an interrupt, whose traceback would keep the answer and its connection.
            if response is not None:
                response.close()
            raise
        finally:
            call.body = None  # an answer or exception may live for long
            del failure  # which its traceback would hold in a circle

    def close(self) -> None:
        """Close the connections that are idle; the others when their calls end."""
        self.settings = None  # with the requests that are prepared for these routes
        while self._routes:
            self._routes.popitem()[1].pool.close()


def _spell_netloc(url: SplitResult) -> str:
    host = (url.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    is_default = url.port is None or url.port == (443 if url.scheme == "https" else 80)
    return host if is_default else f"{host}:{url.port}"
