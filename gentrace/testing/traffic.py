"""What stands between the server and its clients: faults on request, and a count of runs."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from gentrace.local.connection import CLOSE

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

OK: Final = 200
NOT_MODIFIED: Final = 304
OWN_HEADER: Final = "X-Gentrace-Testing"
"""Header field of the requests that the test kit makes itself: no fault is for them."""


@dataclass(frozen=True)
class Failure:
    """Answer with an error, and store nothing."""

    status: int
    retry_after: str | None

    async def __call__(self, _traffic: Traffic, exchange: Exchange) -> None:
        """Answer one request."""
        body = b""
        headers: list[tuple[bytes, bytes]] = []
        if self.status != NOT_MODIFIED:  # which has no body
            body = json.dumps({"error": "the test asked for this failure"}).encode()
            headers.append((b"content-type", b"application/json; charset=utf-8"))
            headers.append((b"content-length", str(len(body)).encode()))
        if self.retry_after is not None:
            headers.append((b"retry-after", self.retry_after.encode("ascii")))
        await exchange.send(
            {"type": "http.response.start", "status": self.status, "headers": headers}
        )
        await exchange.send({"type": "http.response.body", "body": body})


@dataclass(frozen=True)
class Delay:
    """Wait before the request is taken in."""

    seconds: float

    async def __call__(self, traffic: Traffic, exchange: Exchange) -> None:
        """Answer one request late; not at all if everything is cleared meanwhile."""
        end = exchange.answer if await traffic.sleep(self.seconds) else exchange.close
        await end()


@dataclass(frozen=True)
class Drop:
    """Close the connection unanswered."""

    stored: bool

    async def __call__(self, _traffic: Traffic, exchange: Exchange) -> None:
        """Take one request in, and close."""
        if self.stored:
            await exchange.answer(quietly=True)
        else:
            await exchange.read()
        await exchange.close()


@dataclass
class Exchange:
    """One request, and the ways in which it can end."""

    app: ASGIApp
    scope: Scope
    receive: Receive
    send: Send
    on_stored: Callable[[], None]

    async def answer(self, *, quietly: bool = False) -> None:
        """Answer as the server does; `quietly` lets nothing of the answer out."""
        stored = False

        async def send(message: Message) -> None:
            nonlocal stored
            if message["type"] == "http.response.start" and message["status"] == OK:
                stored = self.scope["method"] == "POST"
            if not quietly:
                await self.send(message)

        await self.app(self.scope, self.receive, send)
        if stored:
            self.on_stored()

    async def read(self) -> None:
        """Take in the rest of the request."""
        while (await self.receive()).get("more_body", False):
            pass

    async def close(self) -> None:
        """Close the connection, unless the client has."""
        self.scope["state"][CLOSE]()
        while (await self.receive())["type"] != "http.disconnect":
            pass


class Traffic:
    """The faults to come, each for one request, in the order in which they were asked for.

    Any thread may call it; the requests come in the server's.
    """

    def __init__(self, own: str) -> None:
        self._own = own.encode()
        self._changed = threading.Condition()
        self._faults: deque[Failure | Delay | Drop] = deque()
        self._wakes: set[Callable[[], object]] = set()
        self._stored = 0

    def wrap(self, app: ASGIApp) -> ASGIApp:
        """Make the application that takes a fault for each request."""

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            exchange = Exchange(app, scope, receive, send, self._count)
            fault = None if self._is_own(scope) else self._take()
            if fault is None:
                await exchange.answer()
            else:
                await fault(self, exchange)

        return serve

    @property
    def stored(self) -> int:
        """How often a run was taken; more often than there are runs where one came twice."""
        with self._changed:
            return self._stored

    def wait_until_stored(self, total: int, timeout: float) -> None:
        """Wait until so many were taken, so many seconds at most."""
        with self._changed:
            self._changed.wait_for(lambda: self._stored >= total, timeout)

    def add(self, fault: Failure | Delay | Drop, times: int) -> None:
        """Have the next requests that no fault is for yet take this one."""
        with self._changed:
            self._faults.extend([fault] * times)

    def clear(self) -> None:
        """Forget the faults to come; a request that waits ends unanswered."""
        with self._changed:
            self._faults.clear()
            for wake in self._wakes:
                wake()

    async def sleep(self, seconds: float) -> bool:
        """Wait, unless everything is cleared meanwhile: whether it was not."""
        cleared = asyncio.Event()
        wake = partial(asyncio.get_running_loop().call_soon_threadsafe, cleared.set)
        with self._changed:
            self._wakes.add(wake)
        try:
            async with asyncio.timeout(seconds):
                await cleared.wait()
        except TimeoutError:
            return True
        finally:
            with self._changed:
                self._wakes.discard(wake)
        return False

    def _take(self) -> Failure | Delay | Drop | None:
        with self._changed:
            return self._faults.popleft() if self._faults else None

    def _is_own(self, scope: Scope) -> bool:
        return (OWN_HEADER.lower().encode(), self._own) in scope["headers"]

    def _count(self) -> None:
        with self._changed:
            self._stored += 1
            self._changed.notify_all()
