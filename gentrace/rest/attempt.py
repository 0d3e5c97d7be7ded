"""One request of a call on its way: what the call, its connection and the watchdog share."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from gentrace.rest.watchdog import watchdog

if TYPE_CHECKING:
    from gentrace.rest.call_state import CallState
    from gentrace.rest.deadline import Deadline


class Attempt:
    """One request, from the wait for a connection to the last byte of its answer.

    Attributes:
        deadline: when the call ends.
        state: what its answer and exceptions say of the call.
        phase: what is under way, as messages say it.
        was_sent: whether the request was put on the wire.
        timeout: seconds that one operation of this phase may take.

    """

    def __init__(self, deadline: Deadline, state: CallState) -> None:
        self.deadline = deadline
        self.state = state
        self.phase = "waiting for one of the pool's connections, which unclosed streams hold"
        self.was_sent = False
        self.timeout = deadline.connect
        self._connection: Any = None
        self._sockets: list[Any] = []
        # Taken out by whoever comes first, the end of the attempt or the watchdog.
        self._claim: list[None] = [None]

    @property
    def end(self) -> float:
        """When the watchdog cuts it."""
        return self.deadline.end

    def begin_operation(self) -> float:
        """Begin an operation of this phase; return the seconds that it may take.

        Raises:
            TimeoutError: the call's time is up.

        """
        return self.deadline.begin(self.timeout)

    def begin_connecting(self, *sockets: socket.socket) -> None:
        """Enter the phase of connecting, by these sockets."""
        self.phase = "connecting"
        self.timeout = self.deadline.connect
        self._sockets = list(sockets)

    def begin_sending(self, connection: Any) -> float:
        """Enter the phase of sending; return the seconds that one piece may take."""
        self.phase = "sending the request"
        self.timeout = self.deadline.read
        self._connection = connection
        self._sockets = [] if connection.sock is None else [connection.sock]
        self.was_sent = True
        return self.begin_operation()

    def set_socket_timeout(self, seconds: float) -> None:
        """Let each operation on the connection take so long."""
        for sock in self._sockets:
            with suppress(OSError):  # closed already
                sock.settimeout(seconds)

    def lift_deadline(self) -> None:
        """Let the body of the answer take its time; each read has its time-out."""
        self.deadline.lift()
        self.set_socket_timeout(self.deadline.read)

    def abort(self) -> None:
        """End what is under way: the watchdog calls this when the time is up."""
        try:
            self._claim.pop()
        except IndexError:
            return
        self.shut_down()

    def finish(self) -> bool:
        """Let go of the connection; tell whether it may serve another call."""
        watchdog.forget(self)
        self._sockets = []
        self._connection = None
        try:
            self._claim.pop()
        except IndexError:  # the watchdog has cut it, or is about to
            return False
        return True

    def shut_down(self, how: int = socket.SHUT_RDWR) -> None:
        """End what the connection receives, or that and what it sends, whoever reads from it."""
        # Where a tool brought the connection, it may open its socket at any time.
        for sock in self._sockets or [getattr(self._connection, "sock", None)]:
            _shut_down(sock, how)


def _shut_down(sock: Any, how: int) -> None:
    # Closed already, of which gevent's sockets complain at each question, or nothing to shut down.
    with suppress(OSError, AttributeError):
        plain = getattr(sock, "socket", sock)  # of TLS inside of TLS
        if isinstance(plain, ssl.SSLSocket):
            # Not that of TLS: another thread that reads would go on without decrypting.
            super(ssl.SSLSocket, plain).shutdown(how)
        else:
            plain.shutdown(how)


current: ContextVar[Attempt] = ContextVar("current")
"""The attempt that is under way here: how a connection gets to know which one it serves."""
