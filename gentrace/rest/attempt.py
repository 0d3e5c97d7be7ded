"""One attempt of a call: the state that the call, its connection and the watchdog share."""

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


WAITING = "waiting for the answer"
"""The phase until the head of the answer is read."""


class Attempt:
    """One attempt, from the wait for a connection to the last byte of its answer.

    Attributes:
        deadline: when the call ends.
        state: what all attempts of the call share.
        phase: what is under way, as messages word it.
        was_sent: whether sending the request has begun.
        is_permanent: whether its failure is permanent, so that a retry is of no use.
        timeout: seconds that one operation of this phase may take.

    """

    def __init__(self, deadline: Deadline, state: CallState) -> None:
        self.deadline = deadline
        self.state = state
        self.phase = "preparing the request"
        self.was_sent = False
        self.is_permanent = False
        self.timeout = deadline.connect
        self._connection: Any = None
        self._sockets: list[Any] = []
        # An atomic flag: who pops it first, finish() or the watchdog, decides about the connection.
        self._claim: list[None] = [None]

    @property
    def end(self) -> float:
        """When the watchdog aborts it."""
        return self.deadline.end

    def begin_operation(self) -> float:
        """Begin an operation of this phase; return its time-out in seconds.

        Raises:
            TimeoutError: the call's time is up.

        """
        return self.deadline.begin(self.timeout)

    def begin_waiting(self, what: str) -> float:
        """Enter the phase of waiting for something; return how many seconds it may take."""
        seconds = self.deadline.begin(self.deadline.total)
        self.phase = f"waiting for {what}"
        return seconds

    def begin_connecting(self, *sockets: socket.socket) -> None:
        """Enter the phase of connecting; the watchdog may shut these sockets down."""
        self.phase = "connecting"
        self.timeout = self.deadline.connect
        self._sockets = list(sockets)

    def begin_sending(self, connection: Any) -> float:
        """Enter the phase of sending; return the time-out of one operation in seconds."""
        self.phase = "sending the request"
        self.timeout = self.deadline.read
        self._connection = connection
        self._sockets = [] if connection.sock is None else [connection.sock]
        self.count()
        return self.begin_operation()

    def count(self) -> None:
        """Count its request among those sent, once."""
        if not self.was_sent:
            self.was_sent = True
            self.state.tries += 1

    def set_socket_timeout(self, seconds: float) -> None:
        """Set the time-out of each operation on the connection."""
        for sock in self._sockets:
            with suppress(OSError):  # closed already
                sock.settimeout(seconds)

    def lift_deadline(self) -> None:
        """Let the body of the answer outlast the deadline; each read keeps its time-out."""
        self.deadline.lift()
        self.set_socket_timeout(self.deadline.read)

    def abort(self) -> None:
        """Shut the connection down, unless the attempt has finished; the watchdog calls this."""
        try:
            self._claim.pop()
        except IndexError:
            return
        self.shut_down()

    def finish(self) -> bool:
        """End the attempt; tell whether its connection may serve another call."""
        watchdog.forget(self)
        self._sockets = []
        self._connection = None
        try:
            self._claim.pop()
        except IndexError:  # the watchdog has aborted it, or is about to
            return False
        return True

    def shut_down(self, how: int = socket.SHUT_RDWR) -> None:
        """Shut the sockets down, also while another thread reads from them."""
        # A connection that a tool supplied may open its socket at any time.
        for sock in self._sockets or [getattr(self._connection, "sock", None)]:
            _shut_down(sock, how)


def _shut_down(sock: Any, how: int) -> None:
    # The socket may be None, or closed.
    with suppress(OSError, AttributeError):
        plain = getattr(sock, "socket", sock)  # of TLS inside TLS
        if isinstance(plain, ssl.SSLSocket):
            # SSLSocket.shutdown drops TLS: a thread that reads would go on in plain text.
            super(ssl.SSLSocket, plain).shutdown(how)
        else:
            plain.shutdown(how)


current: ContextVar[Attempt] = ContextVar("current")
"""The attempt under way in this context; a connection reads from it which one it serves."""
