"""What comes on a connection, line by line or as it is: bounded, and with nothing lost."""

from __future__ import annotations

import http.client
import re
from typing import TYPE_CHECKING, Any

from gentrace.configuration.secrets import Secret, SecretBytes

if TYPE_CHECKING:
    from gentrace.rest.attempt import Attempt

BYTE_BUDGET = 256 * 1024
"""How many bytes the head of an answer may have, interim answers included, and by how many the
lines between its chunks and its trailers may be ahead of its body."""

_BYTES_AROUND = 8
"""How many bytes between chunks one byte of a body pays for."""

_LINE_LIMIT = 64 * 1024
_PIECE = 8 * 1024
"""How many bytes are received at a time where lines are read: few enough to be gone through after
the end of the call in no time."""

_MAX_FIELDS = 100
"""How many header fields a head may have, as http.client has it."""

_BLANK_LINE = re.compile(rb"(?m)^\r?\n")


class BudgetError(Exception):
    """The server sends more around a body than an answer may have."""


class BudgetedReader:
    """What http.client and the answer read from, in place of the file of a socket.

    Neither a local nor an attribute here shows what came: a server may repeat the token.

    Args:
        sock: the socket.
        file: the file that http.client made of it: what keeps the socket open.
        attempt: the request that is answered.

    """

    def __init__(self, sock: Any, file: Any, attempt: Attempt) -> None:
        self._sock = sock
        self._file = file
        self._attempt = attempt
        self._buffer = SecretBytes()
        self._start = 0
        self._budget = BYTE_BUDGET

    def read_head(self) -> Secret:
        """Return lines up to a blank one, but for that."""
        self._buffer, self._start, seen = SecretBytes(self._buffer[self._start :]), 0, 0
        while (blank := _BLANK_LINE.search(self._buffer, seen)) is None:
            if len(self._buffer) > self._budget:
                raise BudgetError
            seen = self._buffer.rfind(b"\n") + 1  # the last line may become the blank one
            self._receive_more()
        self._spend(blank.end())
        if self._buffer.count(b"\n", 0, blank.start()) > _MAX_FIELDS + 1:
            raise http.client.HTTPException(f"more than {_MAX_FIELDS} header fields")
        head = Secret(self.take(blank.start()), "iso-8859-1")
        self._start = blank.end()
        return head

    def readline(self, limit: int = _LINE_LIMIT, /) -> bytes:
        """Return a line: of those between chunks, or of a proxy's answer to CONNECT."""
        while not (end := self._buffer.find(b"\n", self._start) + 1):
            if self.waiting >= limit:
                raise http.client.LineTooLong("line")
            self._receive_more()
        self._spend(end - self._start)
        return self.take(end - self._start)

    def fill(self, size: int) -> int:
        """Wait until something of a body is there; return how many bytes, at most `size`.

        They are there for `take`. 0 is the end of the connection.

        Raises:
            TimeoutError: the time of the call is up.

        """
        self._attempt.begin_operation()  # for going through many small chunks takes time too
        if not self.waiting:
            self._receive(max(size, _PIECE))
        got = min(size, self.waiting)
        self._budget = min(BYTE_BUDGET, self._budget + _BYTES_AROUND * got)
        return got

    def take(self, size: int) -> bytes:
        """Return so many bytes of what is there."""
        try:
            return self._buffer[self._start : self._start + size]
        finally:
            self._start += size

    def take_whole(self, size: int) -> bytes:
        """Return so many bytes, when all of them are there."""
        while self.waiting < size:
            self._receive_more()
        return self.take(size)

    @property
    def waiting(self) -> int:
        """How many bytes are there that nobody has taken."""
        return len(self._buffer) - self._start

    def _spend(self, count: int) -> None:
        self._budget -= count
        if self._budget < 0:
            raise BudgetError

    def _receive_more(self) -> None:
        """Receive what must come; the connection may not end here."""
        if self._receive(_PIECE):
            return
        if self.waiting:
            raise http.client.IncompleteRead(self.take(self.waiting))
        raise http.client.RemoteDisconnected("the connection was closed before a whole answer")

    def _receive(self, size: int) -> bool:
        """Receive what is there, or wait for it; tell whether it is anything.

        Raises:
            TimeoutError: the time of the call is up, which looks like the end of the connection.

        """
        self._attempt.begin_operation()
        before = self.waiting
        self._buffer = SecretBytes(self._buffer[self._start :] + self._sock.recv(size))
        self._start = 0
        if self.waiting == before and self._attempt.deadline.is_up():
            raise TimeoutError
        return self.waiting > before

    # What else http.client and urllib3 ask a file for.

    def fileno(self) -> int:
        """Return the number of the descriptor."""
        number: int = self._file.fileno()
        return number

    def flush(self) -> None:
        """Nothing is written here."""

    def close(self) -> None:
        """Let go of the socket."""
        self._file.close()
