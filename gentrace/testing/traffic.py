"""Fault injection: an ASGI middleware that applies queued faults and counts stored runs."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from gentrace.local.connection import CLOSE

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

OK: Final = 200
NOT_MODIFIED: Final = 304


@dataclass(frozen=True)
class Failure:
    """Answer with an error, and store nothing."""

    status: int
    retry_after: str | None

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request."""
        words = json.dumps({"error": "the test asked for this failure"})
        response = Response(
            "" if self.status == NOT_MODIFIED else words,  # which has no body
            self.status,
            {} if self.retry_after is None else {"retry-after": self.retry_after},
            "application/json; charset=utf-8",
        )
        await response(exchange.scope, exchange.receive, exchange.send)


@dataclass(frozen=True)
class Delay:
    """Wait before the request is processed."""

    seconds: float

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request late, or close its connection if the faults are cleared meanwhile."""
        is_over = await exchange.traffic.sleep(self.seconds)
        await (exchange.respond() if is_over else exchange.close())


@dataclass(frozen=True)
class Drop:
    """Close the connection without a response."""

    stored: bool

    async def __call__(self, exchange: Exchange) -> None:
        """Read or process one request, then close the connection."""
        if self.stored:
            await exchange.respond(discard=True)
        else:
            await exchange.read()
        await exchange.close()


@dataclass
class Exchange:
    """One request, and the ways to end it."""

    traffic: Traffic
    app: ASGIApp
    scope: Scope
    receive: Receive
    send: Send

    async def respond(self, *, discard: bool = False) -> None:
        """Let the server answer; `discard` drops its response."""

        async def send(message: Message) -> None:
            is_ok = message["type"] == "http.response.start" and message["status"] == OK
            if is_ok and self.scope["method"] == "POST":
                self.traffic.note_stored()
            if not discard:
                await self.send(message)

        await self.app(self.scope, self.receive, send)

    async def read(self) -> None:
        """Read the rest of the request."""
        while (await self.receive()).get("more_body", False):
            pass

    async def close(self) -> None:
        """Close the connection, and wait until it is closed."""
        self.scope["state"][CLOSE]()
        while (await self.receive())["type"] != "http.disconnect":
            pass


class Traffic:
    """The queue of faults, each for one request; thread-safe.

    Tests add faults in any thread; requests take them in the thread of the server.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._faults: deque[Failure | Delay | Drop] = deque()
        self._wake_callbacks: set[Callable[[], object]] = set()
        self._stored = 0

    def wrap(self, app: ASGIApp) -> ASGIApp:
        """Wrap the application so that each request takes a fault."""

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            exchange = Exchange(self, app, scope, receive, send)
            with self._changed:
                fault = self._faults.popleft() if self._faults else None
            if fault is None:
                await exchange.respond()
            else:
                await fault(exchange)

        return serve

    @property
    def stored(self) -> int:
        """How many requests to store a run succeeded; a repeated one counts again."""
        with self._changed:
            return self._stored

    def note_stored(self) -> None:
        """Count a request to store a run that succeeded."""
        with self._changed:
            self._stored += 1
            self._changed.notify_all()

    def wait_until_stored(self, total: int, timeout: float) -> None:
        """Wait until `stored` is `total`, for `timeout` seconds at most."""
        with self._changed:
            self._changed.wait_for(lambda: self._stored >= total, timeout)

    def add(self, fault: Failure | Delay | Drop, times: int) -> None:
        """Append a fault for the next `times` requests."""
        with self._changed:
            self._faults.extend([fault] * times)

    def clear(self) -> None:
        """Drop the queued faults; delayed requests get no response."""
        with self._changed:
            self._faults.clear()
            for wake in self._wake_callbacks:
                wake()

    async def sleep(self, seconds: float) -> bool:
        """Wait; return False if the faults were cleared in the meantime."""
        cleared = asyncio.Event()
        wake = partial(asyncio.get_running_loop().call_soon_threadsafe, cleared.set)
        with self._changed:
            self._wake_callbacks.add(wake)
        try:
            async with asyncio.timeout(seconds):
                await cleared.wait()
        except TimeoutError:
            return True
        finally:
            with self._changed:
                self._wake_callbacks.discard(wake)
        return False
