"""The outermost ASGI layer: access control, and early responses to unread request bodies."""

import asyncio
import hashlib
import hmac
import logging
from contextlib import suppress
from typing import Final

from starlette.datastructures import Headers
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
        self._digest = None if token is None else _digest(token)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        exchange = _Exchange(scope, receive, send)
        try:
            error = self._check_host(scope) or self._check_access(scope)
            app = self._app if error is None else error.response()
            await app(scope, exchange.receive, exchange.send)
        except asyncio.CancelledError:
            # The server is stopping, and the grace period for requests in progress has ended.
            if not exchange.started:
                response = RequestError(503, "the server is stopping").response()
                await response(scope, receive, send)

    def _check_host(self, scope: Scope) -> RequestError | None:
        """Return the error of a request that names another server."""
        hosts = Headers(scope=scope).getlist("host")
        if len(hosts) == 1 and self._hosts.allow(hosts[0]):
            return None
        _warn_of(scope, f"its Host is not this server's: {shorten(ascii(hosts))}")
        message = "this server does not answer to that host; --allowed-host NAME adds one"
        return RequestError(421, message, "Host")

    def _check_access(self, scope: Scope) -> RequestError | None:
        """Return the error of a request that may not read or store runs."""
        if scope["path"] in PUBLIC_PATHS or scope["path"].startswith(PUBLIC_PREFIX):
            return None
        headers = Headers(scope=scope)
        if "cross-site" in headers.getlist("sec-fetch-site"):
            # With an image or a form, any page could make this user's browser search here.
            return RequestError(403, "web pages of other sites may only link to the viewer")
        if self._digest is None:
            return None
        given = headers.getlist("authorization")
        scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        # Digests have one length, so the time of the comparison does not reveal the token's.
        if scheme.lower() == "bearer" and hmac.compare_digest(_digest(token), self._digest):
            return None
        message = "that is not this server's token" if given else "no token was sent"
        _warn_of(scope, message)
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
        headers = Headers(scope=scope)
        self._has_unread_body = bool(
            headers.getlist("transfer-encoding")
            or any(length != "0" for length in headers.getlist("content-length"))
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


def _warn_of(scope: Scope, reason: str) -> None:
    # The address is None if the client has already disconnected.
    client = (scope["client"] or ["a client that has gone"])[0]
    logger.warning("refused a request from %s: %s", client, reason)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("latin-1")).digest()
