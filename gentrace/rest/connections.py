"""Connections of urllib3 that keep the deadline of the call they serve."""

from __future__ import annotations

# Imported here: getaddrinfo would import it during a call, where another thread may fork.
import encodings.idna  # noqa: F401 # pyright: ignore[reportUnusedImport]
import socket
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from urllib3.exceptions import NewConnectionError, ProtocolError
from urllib3.util import connection as urllib3_connection

from gentrace.clock import now
from gentrace.configuration.secrets import Headers, SecretBytes
from gentrace.rest.attempt import WAITING, Attempt, current
from gentrace.rest.framing import RawResponse
from gentrace.rest.response import HTTPResponse

if TYPE_CHECKING:
    from urllib3.connection import HTTPConnection

    _Base = HTTPConnection
else:
    _Base = object


_SEND_PIECE = 256 * 1024
"""How many bytes of a body are sent at a time, each piece with its own time-out."""


def guard(connection_class: type[Any]) -> type[HTTPConnection]:
    """Return a subclass of a connection class that keeps deadlines and checks framing.

    It is made for each pool, from the class that is in use then. A tool that has replaced urllib3's
    class has its own used for as long as it is active; then framing is up to the tool.
    """
    is_urllib3s = connection_class.__module__.startswith("urllib3.")
    bases = (_FramedConnection if is_urllib3s else _ToolConnection, connection_class)
    made: Any = type(connection_class.__name__, bases, {})
    return cast("type[HTTPConnection]", made)


class _GuardedConnection(_Base):
    """Mixin of all connection classes; `current` is the attempt that a connection serves."""

    must_close = False
    _duplicate: socket.socket | None = None

    @property
    def is_connected(self) -> bool:
        """Whether the connection is open and can be reused: no unread data is left on it."""
        return not self.must_close and not _has_buffered_data(self.sock) and super().is_connected

    def connect(self) -> None:
        """Connect and do the TLS handshake within the time-out for connecting."""
        attempt = current.get()
        attempt.begin_connecting()
        self.must_close = False
        self._duplicate = None
        try:
            super().connect()
        finally:
            self._close_duplicate()
        sock: Any = self.sock
        if hasattr(sock, "suppress_ragged_eofs"):
            # Without close_notify, a body that ends with the connection may be truncated.
            sock.suppress_ragged_eofs = False
        # RestClient warns once if nothing is verified; urllib3 would warn at each request.
        self.is_verified = True

    def _close_duplicate(self) -> None:
        if self._duplicate is not None:
            self._duplicate.close()

    def _new_conn(self) -> socket.socket:
        """Connect to the first address that answers; all addresses share the time-out."""
        attempt = current.get()
        try:
            sock = self._connect_first(attempt)
        except OSError as error:
            raise NewConnectionError(self, f"cannot connect: {error}") from error
        try:
            if hasattr(self, "ssl_context"):
                # The handshake detaches the socket; by a duplicate, the watchdog still reaches it.
                self._duplicate = sock.dup()
                attempt.begin_connecting(sock, self._duplicate)
            sock.settimeout(attempt.begin_operation())
        except BaseException:
            sock.close()
            raise
        return sock

    def _connect_first(self, attempt: Attempt) -> socket.socket:
        proxy: dict[str, Any] | None = getattr(self, "_socks_options", None)
        failure = OSError("the name has no address")
        found = self._resolve(proxy)
        end = now() + attempt.begin_operation()
        for index, (family, kind, protocol, _, address) in enumerate(found):
            share = (end - now()) / (len(found) - index)
            try:
                if share <= 0:
                    raise TimeoutError
                if proxy is None:
                    sock = socket.socket(family, kind, protocol)
                    return self._connect_socket(sock, address, attempt, share)
                sock = _make_socks_socket(proxy, family, *address[:2])
                return self._connect_socket(sock, (self.host, self.port), attempt, share)
            except OSError as error:
                if not attempt.deadline.may_have_raised(error):
                    raise
                failure = error
        raise failure

    def _resolve(self, proxy: dict[str, Any] | None) -> list[Any]:
        """Resolve the host, with the arguments that urllib3 uses: tools replace getaddrinfo."""
        host, port = self.host, self.port
        if proxy is not None:
            host, port = proxy["proxy_host"].strip("[]"), proxy["proxy_port"]
        family = urllib3_connection.allowed_gai_family()
        return socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)

    def _connect_socket(
        self, sock: socket.socket, address: Any, attempt: Attempt, seconds: float
    ) -> socket.socket:
        """Connect a socket; close it if that fails or is interrupted."""
        try:
            attempt.begin_connecting(sock)
            for option in self.socket_options or ():
                sock.setsockopt(*option)
            sock.settimeout(attempt.deadline.begin(seconds))
            sock.connect(address)
        except BaseException:
            sock.close()
            raise
        return sock

    def request(self, *args: Any, **keywords: Any) -> None:
        """Send a request; each piece of its body has the time-out of one operation."""
        attempt = current.get()
        if self.sock is None:
            self.connect()
        self.timeout = attempt.begin_sending(self)
        try:
            super().request(*args, **keywords)
        except OSError as error:
            is_closed = isinstance(error, (ConnectionError, ssl.SSLEOFError))
            if not is_closed or error.errno is None or attempt.deadline.has_passed():
                raise ProtocolError("the request was not sent", error) from error
            # The server may have answered, and closed, before it read the whole request.
            self.must_close = True
        attempt.phase = WAITING

    def send(self, data: Any) -> None:
        """Send bytes, in pieces if there are many; each piece has a time-out of its own."""
        if not isinstance(data, bytes) or len(data) <= _SEND_PIECE:
            super().send(data)
            return
        attempt = current.get()
        for start in range(0, len(data), _SEND_PIECE):
            attempt.set_socket_timeout(attempt.begin_operation())
            super().send(data[start : start + _SEND_PIECE])


class _FramedConnection(_GuardedConnection):
    """A connection of urllib3's; its answers are rejected where their framing is ambiguous."""

    response_class = RawResponse
    _holds_head = False
    _head = b""

    def request(self, *args: Any, **keywords: Any) -> None:
        """Send a request; its head goes out together with a short body."""
        self._holds_head = 0 < len(keywords["body"] or b"") <= _SEND_PIECE
        try:
            super().request(*args, **keywords)
        finally:
            self._holds_head, self._head = False, b""

    def send(self, data: Any) -> None:
        """Send bytes; hold the head of a request back until its body is sent."""
        if self._holds_head:
            self._holds_head, self._head = False, SecretBytes(data)
            return
        if self._head:
            # In no frame that a traceback shows: the head has the token.
            data, self._head = SecretBytes(self._head + data), b""
        super().send(data)

    def getresponse(self) -> Any:
        """Read the head of the answer; leave its body unread."""
        # http.client's class by its place in the MRO: a tool may have replaced the name.
        http_client: Any = type(self).__mro__[-2]
        return HTTPResponse(http_client.getresponse(self), current.get())


class _ToolConnection(_GuardedConnection):
    """A connection that a tool supplied in place of urllib3's."""

    def request(self, *args: Any, **keywords: Any) -> None:
        """Send a request whose header fields are plain strings: vcrpy cannot write subclasses."""
        fields: Mapping[str, str] = keywords["headers"]
        keywords["headers"] = Headers({str(name): str(value) for name, value in fields.items()})
        super().request(*args, **keywords)


def _make_socks_socket(options: dict[str, Any], family: Any, host: str, port: int) -> Any:
    from socks import socksocket  # noqa: PLC0415 - of an optional package

    sock = socksocket(family)
    sock.set_proxy(
        options["socks_version"],
        host,
        port,
        rdns=options["rdns"],
        username=options["username"],
        password=options["password"],
    )
    return sock


def _has_buffered_data(sock: Any) -> bool:
    """Tell whether TLS has decrypted data that nobody has read."""
    inner = getattr(sock, "socket", None)
    if inner is not None:  # TLS inside TLS
        return bool(sock.sslobj.pending() or sock.incoming.pending or inner.pending())
    return bool(sock.pending()) if hasattr(sock, "pending") else False
