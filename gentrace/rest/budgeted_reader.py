"""Reading from a socket: lines within a byte budget, and bodies."""

from __future__ import annotations

import http.client
import re
from typing import TYPE_CHECKING, Any, Self

from gentrace.configuration.secrets import Secret, SecretBytes

if TYPE_CHECKING:
    from gentrace.rest.attempt import Attempt

BYTE_BUDGET = 256 * 1024
"""How many bytes the head of an answer may have, interim answers included. What is left is for
chunk lines and trailers; each byte of the body adds to it, up to this number."""

_BYTES_AROUND = 8
"""How many bytes of chunk lines are allowed for each byte of the body."""

_LINE_LIMIT = 64 * 1024
_PIECE = 8 * 1024
"""How many bytes are received at a time while lines are read: few, so that parsing them takes no
noticeable time past the deadline."""

MAX_FIELDS = 100
"""How many header fields a head may have; http.client's limit."""

_BLANK_LINE = re.compile(rb"(?m)^\r?\n")


class BudgetError(Exception):
    """The head, chunk lines or trailers of an answer exceed the byte budget."""


class BudgetedReader:
    """The buffered file that http.client and the answer read from, in place of the socket's.

    No local or attribute shows received bytes in its repr: a server may repeat the token.

    Args:
        sock: the socket; a file made from it keeps it open until this is closed.
        attempt: the attempt that is answered.

    """

    def __init__(self, sock: Any, attempt: Attempt) -> None:
        self._sock = sock
        self._file = sock.makefile("rb", 0)  # by position: Mocket calls it bufsize
        self._attempt = attempt
        self._buffer = SecretBytes()
        self._start = 0
        self._budget = BYTE_BUDGET

    def read_head(self) -> Secret:
        """Return the lines before a blank line; skip that one."""
        self._buffer, self._start, seen = SecretBytes(self._buffer[self._start :]), 0, 0
        while (blank := _BLANK_LINE.search(self._buffer, seen)) is None:
            if len(self._buffer) > self._budget:
                raise BudgetError
            seen = self._buffer.rfind(b"\n") + 1  # the unfinished line may become the blank one
            self._receive_more()
        self._spend(blank.end())
        if self._buffer.count(b"\n", 0, blank.start()) > MAX_FIELDS + 1:
            raise http.client.HTTPException(f"more than {MAX_FIELDS} header fields")
        head = Secret(self.take(blank.start()), "iso-8859-1")
        self._start = blank.end()
        return head

    def readline(self, limit: int = _LINE_LIMIT, /) -> bytes:
        """Return a line: a chunk line, or one of a proxy's answer to CONNECT."""
        while not (end := self._buffer.find(b"\n", self._start) + 1):
            if self.buffered >= limit:
                raise http.client.LineTooLong("line")
            self._receive_more()
        self._spend(end - self._start)
        return self.take(end - self._start)

    def fill(self, size: int) -> int:
        """Wait until bytes of the body are buffered; return their number, at most `size`.

        `take` returns them. 0 means the end of the connection.

        Raises:
            TimeoutError: the deadline has passed.

        """
        self._attempt.begin_operation()  # checks the deadline: many small chunks take time
        if not self.buffered:
            self._receive(max(size, _PIECE))
        got = min(size, self.buffered)
        self._budget = min(BYTE_BUDGET, self._budget + _BYTES_AROUND * got)
        return got

    def take(self, size: int) -> bytes:
        """Return so many buffered bytes."""
        try:
            return self._buffer[self._start : self._start + size]
        finally:
            self._start += size

    def take_whole(self, size: int) -> bytes:
        """Wait until so many bytes are buffered; return them."""
        while self.buffered < size:
            self._receive_more()
        return self.take(size)

    @property
    def buffered(self) -> int:
        """How many bytes are buffered."""
        return len(self._buffer) - self._start

    def _spend(self, count: int) -> None:
        self._budget -= count
        if self._budget < 0:
            raise BudgetError

    def _receive_more(self) -> None:
        """Receive bytes; the end of the connection is an error here."""
        if self._receive(_PIECE):
            return
        if self.buffered:
            raise http.client.IncompleteRead(self.take(self.buffered))
        raise http.client.RemoteDisconnected("the connection was closed before a whole answer")

    def _receive(self, size: int) -> bool:
        """Receive bytes; return False at the end of the connection.

        Raises:
            TimeoutError: the deadline has passed; the watchdog's shutdown looks like the end.

        """
        self._attempt.begin_operation()
        before = self.buffered
        self._buffer = SecretBytes(self._buffer[self._start :] + self._sock.recv(size))
        self._start = 0
        if self.buffered == before and self._attempt.deadline.has_passed():
            raise TimeoutError
        return self.buffered > before

    # Other methods of a socket and of a file that http.client and urllib3 call.

    def makefile(self, _: str) -> Self:
        """Return this."""
        return self

    def fileno(self) -> int:
        """Return the file descriptor."""
        number: int = self._file.fileno()
        return number

    def flush(self) -> None:
        """Do nothing: the file is for reading."""

    def close(self) -> None:
        """Close the file, and with it the socket if that was closed before."""
        self._file.close()
