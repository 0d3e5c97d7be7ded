"""The outermost layer of the app: whom it answers, and how a request ends that is refused early."""

import asyncio
import hashlib
import hmac
import ipaddress
import logging
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gentrace.local.refusal import Refusal

HEALTH: Final = "/healthz"
# What of the server needs no token: whether it is up, and the viewer, which asks for it.
OPEN_PATHS: Final = ("/", HEALTH)
OPEN_FOLDER: Final = "/assets/"
# Nothing that was sent to the server is ever run or shown as markup, in no page and in no frame.
PROTECTION: Final = [
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
AUTHORITY: Final = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:@/]+)(?::([0-9]{1,5}))?")
# Seconds for which the rest of a refused body is still taken in and thrown away.
LINGER: Final = 5.0

logger = logging.getLogger("gentrace.local")


@dataclass(frozen=True, slots=True)
class Hosts:
    """What a request's `Host` may be: the names, each with its port, and no other.

    A web page that rebinds its own name to this machine sends that name, and is refused.
    `any_address` is for a server on all addresses, which cannot know them all: it takes every IP
    address with `port`, as rebinding needs a name.
    """

    names: frozenset[str]
    port: int
    any_address: bool = False

    @classmethod
    def of(cls, names: Iterable[str], port: int, *, any_address: bool = False) -> "Hosts":
        """Names as they are written in a URL; one without a port gets `port`."""
        matches = {name: AUTHORITY.fullmatch(name.lower()) for name in names}
        for name, match in matches.items():
            if match is None:
                raise ValueError(f"an allowed host is NAME or NAME:PORT, not {name!r}")
        full = frozenset(f"{m[1]}:{m[2] or port}" for m in matches.values() if m)
        return cls(full, port, any_address)

    def allow(self, host: str) -> bool:
        """Whether a `Host` header names this server."""
        match = AUTHORITY.fullmatch(host.lower())
        if match is None:
            return False
        name, port = match[1], match[2] or "80"
        if f"{name}:{port}" in self.names:
            return True
        return self.any_address and port == str(self.port) and _is_address(name.strip("[]"))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


class Gate:
    """Lets requests through that name this server and, where one is set, hold its token."""

    def __init__(self, app: ASGIApp, hosts: Hosts, token: str | None) -> None:
        self._app = app
        self._hosts = hosts
        self._digest = None if token is None else _digest(token.encode("latin-1"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        exchange = _Exchange(scope, receive, send)
        try:
            refusal = self._refusal(scope)
            app = self._app if refusal is None else refusal.answer()
            await app(scope, exchange.receive, exchange.send)
        except asyncio.CancelledError:
            # The server stops, and the time for requests under way is over.
            if not exchange.started:
                answer = Refusal(503, "the server is stopping").answer()
                await answer(scope, receive, send)

    def _refusal(self, scope: Scope) -> Refusal | None:
        # None if it has gone already.
        client = (scope["client"] or ["a client that has gone"])[0]
        hosts = _values(scope, b"host")
        if len(hosts) != 1 or not self._hosts.allow(hosts[0].decode("latin-1")):
            logger.warning("refused a request from %s: its Host is not this server's", client)
            return Refusal(421, "this server does not answer to that host", "Host")
        if self._digest is None or _is_open(scope["path"]):
            return None
        given = _values(scope, b"authorization")
        scheme, _, token = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
        # Digests are of one length, so the time says nothing about the token, not even its length.
        if scheme.lower() == b"bearer" and hmac.compare_digest(_digest(token), self._digest):
            return None
        words = "that is not this server's token" if given else "no token was sent"
        logger.warning("refused a request from %s: %s", client, words)
        words += "; the server wants its own, as Authorization: Bearer TOKEN"
        return Refusal(401, words, "Authorization", {"WWW-Authenticate": "Bearer"})


class _Exchange:
    """One request and its answer; an answer that comes before the body's end is still read.

    To close the connection while the client sends would lose the answer on its way: the client
    would see a reset. So the answer goes out, the rest of the body is thrown away for at most
    LINGER seconds, and then the connection closes.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._unread = bool(
            _values(scope, b"transfer-encoding")
            or any(length != b"0" for length in _values(scope, b"content-length"))
        )
        self.started = False

    async def receive(self) -> Message:
        message = await self._receive()
        if not message.get("more_body", False):
            self._unread = False
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            message["headers"] = [*message["headers"], *PROTECTION]
            if self._unread:
                message["headers"].append((b"connection", b"close"))
        elif self._unread and not message.get("more_body", False):
            await self._send({**message, "more_body": True})
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER):
                    while self._unread:
                        await self.receive()
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await self._send(message)


def _is_open(path: str) -> bool:
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDER)


def _values(scope: Scope, name: bytes) -> list[bytes]:
    return [value for header, value in scope["headers"] if header == name]


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()
