"""The outermost ASGI layer: access control, and early responses to unread request bodies."""

import asyncio
import hashlib
import hmac
import logging
from contextlib import suppress
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gentrace.local.allowed_hosts import AllowedHosts
from gentrace.local.responses import RequestError, shorten

HEALTH: Final = "/healthz"
# Paths that need no token: the health check; the viewer, which asks its user for it; and the API's
# address, which leads a browser there.
PUBLIC_PATHS: Final = ("/", "/api/v1", HEALTH)
PUBLIC_PREFIX: Final = "/assets/"
# Stored data is never run as a script or shown as markup, in no page and no frame.
SECURITY_HEADERS: Final = [
    (
        b"content-security-policy",
        (
            b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
            b" img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]
# Seconds for which the rest of a rejected body is still read and discarded.
LINGER: Final = 5.0

logger = logging.getLogger("gentrace.local")


class Gate:
    """Passes on requests that name this server and, if one is set, carry its token."""

    def __init__(self, app: ASGIApp, hosts: AllowedHosts, token: str | None) -> None:
        self._app = app
        self._hosts = hosts
        self._digest = None if token is None else _digest(token.encode("latin-1"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        exchange = _Exchange(scope, receive, send)
        try:
            error = self._check(scope)
            app = self._app if error is None else error.response()
            await app(scope, exchange.receive, exchange.send)
        except asyncio.CancelledError:
            # The server is stopping, and the grace period for requests in progress has ended.
            if not exchange.started:
                response = RequestError(503, "the server is stopping").response()
                await response(scope, receive, send)

    def _check(self, scope: Scope) -> RequestError | None:
        # The address is None if the client has already disconnected.
        client = (scope["client"] or ["a client that has gone"])[0]
        hosts = _header_values(scope, b"host")
        if len(hosts) != 1 or not self._hosts.allow(hosts[0].decode("latin-1")):
            logger.warning(
                "refused a request from %s: its Host is not this server's: %s",
                client,
                shorten(ascii([host.decode("latin-1") for host in hosts])),
            )
            message = "this server does not answer to that host; --allowed-host NAME adds one"
            return RequestError(421, message, "Host")
        if _is_public(scope["path"]):
            return None
        if b"cross-site" in _header_values(scope, b"sec-fetch-site"):
            # With an image or a form, any page could make this user's browser search here.
            return RequestError(403, "web pages of other sites may only link to the viewer")
        if self._digest is None:
            return None
        given = _header_values(scope, b"authorization")
        scheme, _, token = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
        # Digests have one length, so the time of the comparison does not reveal the token's.
        if scheme.lower() == b"bearer" and hmac.compare_digest(_digest(token), self._digest):
            return None
        message = "that is not this server's token" if given else "no token was sent"
        logger.warning("refused a request from %s: %s", client, message)
        message += "; the server wants its own, as Authorization: Bearer TOKEN"
        return RequestError(401, message, "Authorization", {"WWW-Authenticate": "Bearer"})


class _Exchange:
    """One request and its response, with a lingering close if the body was not read to its end.

    If the connection were closed while the client is sending, the client would see a reset in
    place of the response. So the response is sent, the rest of the body is read and discarded for
    at most LINGER seconds, and then the connection closes.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._has_unread_body = bool(
            _header_values(scope, b"transfer-encoding")
            or any(length != b"0" for length in _header_values(scope, b"content-length"))
        )
        self.started = False

    async def receive(self) -> Message:
        message = await self._receive()
        if not message.get("more_body", False):
            self._has_unread_body = False
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            message["headers"] = [*message["headers"], *SECURITY_HEADERS]
            if self._has_unread_body:
                message["headers"].append((b"connection", b"close"))
        elif self._has_unread_body and not message.get("more_body", False):
            await self._send({**message, "more_body": True})
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER):
                    while self._has_unread_body:
                        await self.receive()
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await self._send(message)


def _is_public(path: str) -> bool:
    return path in PUBLIC_PATHS or path.startswith(PUBLIC_PREFIX)


def _header_values(scope: Scope, name: bytes) -> list[bytes]:
    return [value for header, value in scope["headers"] if header == name]


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()
