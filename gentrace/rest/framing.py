"""Where an answer begins and ends: nothing that leaves a doubt is taken for whole.

http.client reads an answer line by line, and forgives much. Here it reads from a file that looks
at each line first, bounds the bytes that nobody asked for, and sees what is left over at the end.
"""

from __future__ import annotations

import http.client
import io
import re
from typing import TYPE_CHECKING, Any, cast

from gentrace.rest.attempt import Attempt, current

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from typing_extensions import Buffer

BYTE_BUDGET = 256 * 1024
"""How many bytes the head of an answer may have, interim answers included, and by how many the
lines between its chunks and its trailers may be ahead of its body."""

_BYTES_AROUND = 8
"""How many bytes between chunks one byte of a body pays for."""

_INTERIM = frozenset(range(100, 200)) - {http.HTTPStatus.SWITCHING_PROTOCOLS}
_MAX_INTERIM = 16
"""How many interim answers may come before the final one."""


class BudgetError(Exception):
    """The server sends more around a body than an answer may have."""


class FramingError(Exception):
    """An answer can be read in more than one way.

    Attributes:
        status: its status, 0 where the error comes after its head.
        reason: its reason phrase.
        headers: its header fields, None if they are what cannot be read.

    """

    status = 0
    reason = ""
    headers: Any = None


class RawResponse(http.client.HTTPResponse):
    """An answer of http.client that takes neither an interim answer nor half a head for one."""

    # Until it is made: an interrupt in the making leaves an object that is finalized all the same.
    fp: Any = None

    def __init__(self, sock: socket.socket, *args: Any, **keywords: Any) -> None:
        super().__init__(sock, *args, **keywords)
        self.fp = _AnswerFile(self.fp, current.get())

    def begin(self) -> None:
        """Read the head of the final answer.

        Raises:
            FramingError: it can be read in more than one way.
            BudgetError: it is too long.
            HTTPException: it is no head, or it breaks off.

        """
        self.fp.begin()
        try:
            super().begin()
            while self.status in _INTERIM:
                self.headers = cast("Any", None)  # makes http.client read on
                super().begin()
            self._check_lengths()
        except FramingError as error:
            error.status, error.reason, error.headers = self.status, self.reason, self.headers
            raise
        self.fp.begin_body(is_chunked=bool(self.chunked))

    def _check_lengths(self) -> None:
        lengths: list[str] = self.headers.get_all("Content-Length", [])
        codings: list[str] = self.headers.get_all("Transfer-Encoding", [])
        if lengths and not (len(set(lengths)) == 1 and _LENGTH.fullmatch(lengths[0].strip())):
            raise FramingError("its Content-Length is not one number: " + ", ".join(lengths)[:100])
        if lengths and codings:
            raise FramingError("it has a Content-Length beside a Transfer-Encoding")
        if codings and [coding.strip().lower() for coding in codings] != ["chunked"]:
            raise FramingError("its Transfer-Encoding is not chunked: " + ", ".join(codings)[:100])
        has_no_body = self.length == 0 or self.status == http.HTTPStatus.SWITCHING_PROTOCOLS
        if has_no_body and (codings or any(map(int, lengths))):
            # An answer to HEAD, a 204 or a 304: a body may follow, as it says so.
            self.chunked = False
            self.will_close = True
        if self.status == http.HTTPStatus.SWITCHING_PROTOCOLS:
            self.will_close = True


_LENGTH = re.compile("[0-9]{1,20}")


class _AnswerFile(io.BufferedReader):
    """The file of an answer: it looks at all that http.client reads from it.

    Args:
        file: the file that http.client made.
        attempt: the request that is answered.

    """

    _is_answer = False

    def __init__(self, file: Any, attempt: Attempt) -> None:
        self._source = _Source(file.detach(), attempt)
        super().__init__(self._source)
        self._attempt = attempt
        self._budget = BYTE_BUDGET
        self._heads = 0
        self._field = _FIELD
        # A function rather than a method, which would hold this in a circle.
        self._check: Callable[[_AnswerFile, bytes], None] | None = None
        self._is_chunked = False
        self._chunk_left = 0
        # What was read last: in no local, as a server may repeat the token.
        self._piece = b""

    def begin(self) -> None:
        """Look at heads from now on; what came before was a proxy's answer to CONNECT."""
        self._is_answer = True
        self._check = _AnswerFile._check_status

    def begin_body(self, *, is_chunked: bool) -> None:
        """Look at chunks from now on; a body without them has no lines."""
        self._is_chunked = is_chunked
        self._check = _AnswerFile._check_size if is_chunked else None

    def readline(self, size: int | None = -1, /) -> bytes:
        """Read a line; one that breaks off is an error rather than the last one."""
        self._piece = super().readline(size)
        self._budget -= len(self._piece)
        if self._budget < 0:
            raise BudgetError
        if not self._piece:
            raise http.client.RemoteDisconnected("the connection was closed before a whole answer")
        if not self._piece.endswith(b"\n"):
            if len(self._piece) == size:
                return self._piece  # http.client says that it is too long
            raise http.client.IncompleteRead(self._piece)
        if self._check is not None:
            self._check(self, self._piece)
        return self._piece

    def _check_status(self, _: bytes) -> None:
        self._heads += 1
        if self._heads > _MAX_INTERIM + 1:
            raise http.client.HTTPException(f"more than {_MAX_INTERIM} interim answers")
        self._field = _FIELD
        self._check = _AnswerFile._check_field

    def _check_field(self, line: bytes) -> None:
        if line in _BLANK:
            self._check = _AnswerFile._check_status
        elif not self._field.fullmatch(line):
            raise FramingError("its head has a line that is no field")
        self._field = _FIELD_OR_MORE_OF_IT

    def _check_size(self, line: bytes) -> None:
        size = _SIZE.fullmatch(line)
        if size is None:
            raise FramingError("the size of a chunk is no plain hexadecimal number")
        self._chunk_left = int(size[1], 16)
        if self._chunk_left == 0:
            self._check = _AnswerFile._check_trailer

    def _check_trailer(self, line: bytes) -> None:
        if line not in _BLANK and not _FIELD_OR_MORE_OF_IT.fullmatch(line):
            raise FramingError("its trailer has a line that is no field")

    def read(self, size: int | None = -1, /) -> bytes:
        """Read bytes of the body, or the end of a chunk."""
        self._piece = super().read(size)
        if self._is_chunked and self._chunk_left == 0 and not b"\r\n".startswith(self._piece):
            raise FramingError("a chunk is longer than its size")
        self._count(len(self._piece))
        return self._piece

    def read1(self, size: int = -1, /) -> bytes:
        """Read what is there of the body."""
        self._piece = super().read1(size)
        self._count(len(self._piece))
        return self._piece

    def readinto(self, buffer: Buffer, /) -> int:
        """Read bytes of the body into a buffer."""
        received = super().readinto(buffer)
        self._count(received)
        return received

    def _count(self, received: int) -> None:
        self._chunk_left = max(0, self._chunk_left - received)
        self._budget = min(BYTE_BUDGET, self._budget + _BYTES_AROUND * received)

    def close(self) -> None:
        """Close; a connection on which something is left serves no other call."""
        if self._is_answer and not self.closed:
            self._source.is_dry = True
            self._attempt.finish(is_spent=bool(self.peek(1)))
        super().close()


class _Source(io.RawIOBase):
    """What comes from the socket; each read is an operation of the call."""

    is_dry = False

    def __init__(self, file: Any, attempt: Attempt) -> None:
        self._file = file
        self._attempt = attempt

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int | None:
        if self.is_dry:
            return 0
        self._attempt.begin_operation()
        received: int | None = self._file.readinto(buffer)
        return received

    def fileno(self) -> int:
        number: int = self._file.fileno()
        return number

    def close(self) -> None:
        self._file.close()
        super().close()


_BLANK = (b"\r\n", b"\n")
_LINE = rb"[^\r\n]*\r?\n"
_NAME = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_FIELD = re.compile(_NAME + rb":" + _LINE)
_FIELD_OR_MORE_OF_IT = re.compile(rb"(?:" + _NAME + rb":|[ \t])" + _LINE)
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;" + rb"[^\r\n]*)?\r?\n")
