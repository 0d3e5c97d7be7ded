"""uvicorn, configured for the local server: how it accepts connections and shuts down."""

import asyncio
import math
import socket
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from gentrace.clock import now
from gentrace.local.connection import Connection
from gentrace.local.connection_limit import ConnectionLimit, accept, max_connections

# Seconds that requests in progress have to finish at shutdown.
GRACE: Final = 2


class HttpServer(uvicorn.Server):
    """A uvicorn server for `app` on a listening socket; `maintenance` is a background task.

    `settled` is set when the server has started, or failed to start; then `failure` is the error.
    """

    def __init__(
        self,
        app: ASGIApp,
        listener: socket.socket,
        timeout: float,
        maintenance: Callable[[], Awaitable[None]],
    ) -> None:
        self._limit = ConnectionLimit(max_connections())
        config = uvicorn.Config(
            app,
            interface="asgi3",
            http=Connection,
            ws="none",
            lifespan="off",
            # The program configures logging.
            log_config=None,
            workers=1,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=math.ceil(timeout),
            timeout_graceful_shutdown=GRACE,
        )
        super().__init__(config)
        self._connect = partial(Connection, config, self.server_state, timeout, self._limit)
        self._maintenance = maintenance
        self._tasks: list[asyncio.Task[None]] = []
        self.listener = listener
        self.settled = threading.Event()
        self.failure: BaseException | None = None

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Run until `should_exit` is set, on an event loop of its own."""
        with asyncio.Runner(loop_factory=_Loop) as runner:
            runner.run(self.serve(sockets))

    def run_in_background(self) -> None:
        """Run in a thread that is not the main one; an error is kept in `failure`."""
        try:
            self.run(sockets=[self.listener])
        except BaseException as error:  # noqa: BLE001 - the thread that waits for `settled` raises it
            self.failure = error
        finally:
            self.settled.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to accept connections."""
        # Without the socket, as asyncio's servers do not limit the number of connections.
        await super().startup([])
        self._tasks = [
            asyncio.ensure_future(accept(self.listener, self._limit, self._connect)),
            asyncio.ensure_future(self._maintenance()),
        ]
        self.settled.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Shut down in bounded time, whatever the clients do."""
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        await super().shutdown(sockets)
        # Requests that uvicorn cancelled send a last response. Then all connections are aborted.
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=GRACE)
        for connection in self.server_state.connections:
            connection.transport.abort()


class _Loop(asyncio.SelectorEventLoop):
    """An event loop whose timers run while freezegun has stopped the program's clock."""

    def time(self) -> float:
        return now()
