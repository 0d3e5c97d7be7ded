"""The connection of one client: uvicorn's HTTP protocol, with timeouts against slow clients."""

import asyncio
import socket
from contextlib import suppress
from typing import Final, cast

import h11
from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

from gentrace.local.connection_limit import ConnectionLimit

# Key in the `state` of an ASGI scope: the function that closes the connection of the request.
CLOSE: Final = "gentrace.close"


class Connection(H11Protocol):
    """Aborts if a request head is not received, or a response not read, within `timeout` seconds.

    A trickle of bytes does not extend the timeout. The application limits the time of a request
    body, as it can still answer.
    """

    def __init__(
        self, config: Config, server_state: ServerState, timeout: float, limit: ConnectionLimit
    ) -> None:
        super().__init__(config, server_state, app_state={})
        self._timeout = timeout
        self._limit = limit

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the timeout for the first request head."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - it is a TCP server's
        self._head_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._limit.add(transport)
        # asyncio does not disable Nagle's algorithm for a listener that it did not create. Then the
        # body of a response waits for the acknowledgement of its head: 40 ms a request.
        stream: socket.socket = transport.get_extra_info("socket")
        # Some systems raise an error if the client has already disconnected.
        with suppress(OSError):
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)
        self.app_state = {**self.app_state, CLOSE: transport.abort}
        # uvicorn's access log shows query strings, which may contain secrets.
        self.access_log = False
        self._update_head_timer()

    def data_received(self, data: bytes) -> None:
        """Parse the data, then start or stop the timeout for a request head."""
        super().data_received(data)
        self._update_head_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timers."""
        super().connection_lost(exc)
        self._limit.remove(self.transport)
        _cancel(self._head_timer)
        _cancel(self._write_timer)

    def on_response_complete(self) -> None:
        """Mark the connection idle, unless the next request has already arrived."""
        super().on_response_complete()
        if self.cycle.response_complete:
            self._limit.mark_idle(self.transport)

    def pause_writing(self) -> None:
        """Start the timeout for the client to read what was written."""
        super().pause_writing()
        self._write_timer = self.loop.call_later(self._timeout, self.transport.abort)

    def resume_writing(self) -> None:
        """Cancel the timeout: the client is reading its response."""
        super().resume_writing()
        _cancel(self._write_timer)

    def send_400_response(self, msg: str) -> None:
        """Answer a malformed request, but not in the middle of a response that is being sent."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
            cycle = cast("RequestResponseCycle | None", self.cycle)
            if cycle is not None:  # its body is malformed: nothing answers it again
                cycle.disconnected = True
        else:
            self.transport.close()

    def _update_head_timer(self) -> None:
        # None before the first request, which the type of `cycle` does not allow for.
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if cycle is not None and not cycle.response_complete:
            _cancel(self._head_timer)
            self._head_timer = None
            self._limit.mark_busy(self.transport)
        elif self._head_timer is None:
            self._limit.mark_idle(self.transport)
            self._head_timer = self.loop.call_later(self._timeout, self.transport.abort)


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
