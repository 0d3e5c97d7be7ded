"""One client's connection: uvicorn's, with bounds on how long a client may dawdle."""

import asyncio
import json
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar, Final, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import RequestResponseCycle

    from gentrace.local.accepting import Room

# Key in a scope's `state` of the function that closes the request's connection.
CLOSE: Final = "gentrace.close"


class Connection(H11Protocol):
    """Ends when a request's head, or the taking in of an answer, is not done in `patience` seconds.

    Sending a byte now and then buys no more time. The body's time is the app's, which can answer.
    """

    patience: ClassVar[float]
    room: "ClassVar[Room]"

    @classmethod
    def within(cls, seconds: float, room: "Room") -> type["Connection"]:
        """Make the class of connections that have this patience, and their places in a room."""
        return type("Connection", (cls,), {"patience": seconds, "room": room})

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start waiting for the first head."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - it is a TCP server's
        self._head_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self.room.enter(self)
        # asyncio leaves this out for a listener made elsewhere, and then an answer's head and body
        # wait for each other: 40 ms a request.
        stream: socket.socket = transport.get_extra_info("socket")
        # Some systems refuse it for a client that has gone already.
        with suppress(OSError):
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)
        self.app_state = {**self.app_state, CLOSE: transport.abort}
        # uvicorn's own log of requests holds their query strings, and those may hold a secret.
        self.access_log = False
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        """Take in what came, and know from it whether a head is being waited for."""
        super().data_received(data)
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timers."""
        super().connection_lost(exc)
        self.room.leave(self)
        _cancel(self._head_timer)
        _cancel(self._write_timer)

    def on_response_complete(self) -> None:
        """Wait for the next request, unless it is there already."""
        super().on_response_complete()
        if self.cycle.response_complete:
            self.room.rest(self)

    def leave(self) -> None:
        """Close the connection, which has no request under way."""
        self.transport.close()

    def pause_writing(self) -> None:
        """Start waiting for the client to take in what was written."""
        super().pause_writing()
        self._write_timer = self.loop.call_later(self.patience, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: the client takes in its answer."""
        super().resume_writing()
        _cancel(self._write_timer)

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP in JSON, like every error."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            # An answer is on its way, and there is no saying anything between.
            self.transport.close()
            return
        body = json.dumps({"error": msg}).encode()
        headers = [
            (b"content-type", b"application/json; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        response = h11.Response(status_code=400, headers=headers, reason=b"Bad Request")
        for event in (response, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _watch_head(self) -> None:
        # None until the first request, which its type does not say.
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if cycle is not None and not cycle.response_complete:
            _cancel(self._head_timer)
            self._head_timer = None
            self.room.begin(self)
        elif self._head_timer is None:
            self.room.rest(self)
            self._head_timer = self.loop.call_later(self.patience, self.transport.abort)


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
