"""uvicorn, set up for the local server: whom it lets in, and how it ends."""

import asyncio
import math
import socket
import threading
from collections.abc import Awaitable, Callable
from typing import Final, cast

import uvicorn
from starlette.types import ASGIApp

from gentrace.clock import now
from gentrace.local.accepting import Room, accept, room_size
from gentrace.local.connection import Connection

# Seconds that requests under way get when the server is told to stop.
GRACE: Final = 2


class Peer(uvicorn.Server):
    """uvicorn, set up for `app` on a socket that listens already; `upkeep` runs beside it.

    `settled` is set once it serves, or does not and has its `failure`.
    """

    def __init__(
        self,
        app: ASGIApp,
        listener: socket.socket,
        timeout: float,
        upkeep: Callable[[], Awaitable[None]],
    ) -> None:
        self._room = Room(room_size())
        config = uvicorn.Config(
            app,
            interface="asgi3",
            http=Connection.within(timeout, self._room),
            ws="none",
            lifespan="off",
            # Logging is the program's own matter.
            log_config=None,
            workers=1,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=math.ceil(timeout),
            timeout_graceful_shutdown=GRACE,
        )
        super().__init__(config)
        self._upkeep = upkeep
        self._own_tasks: list[asyncio.Task[None]] = []
        self.listener = listener
        self.settled = threading.Event()
        self.failure: BaseException | None = None

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Run until it should exit, on a loop of our own."""
        with asyncio.Runner(loop_factory=_Loop) as runner:
            runner.run(self.serve(sockets))

    def run_aside(self) -> None:
        """Run in a thread that is not the main one, and keep what goes wrong."""
        try:
            self.run(sockets=[self.listener])
        except BaseException as error:  # noqa: BLE001 - the thread that waits raises it
            self.failure = error
        finally:
            self.settled.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take connections in."""
        # Without the socket: asyncio's way of taking connections in has no bound.
        await super().startup([])
        self._own_tasks = [
            asyncio.ensure_future(accept(self.listener, self._room, self._connection)),
            asyncio.ensure_future(self._upkeep()),
        ]
        self.settled.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End, and let no client hold that up."""
        for task in self._own_tasks:
            task.cancel()
        await asyncio.wait(self._own_tasks)
        await super().shutdown(sockets)
        # What uvicorn cancelled says so to its client; then no client can hold the server up.
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=GRACE)
        for connection in self.server_state.connections:
            connection.transport.abort()

    def _connection(self) -> asyncio.Protocol:
        kind = cast("type[Connection]", self.config.http_protocol_class)
        return kind(config=self.config, server_state=self.server_state, app_state={})


class _Loop(asyncio.SelectorEventLoop):
    """asyncio's own loop, whose timers go on while freezegun stops the clock of the program."""

    def time(self) -> float:
        return now()
