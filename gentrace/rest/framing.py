"""Where an answer begins and ends: nothing that leaves a doubt is taken for whole.

http.client reads an answer line by line, and forgives much. Here it reads from a file that looks
at each line first, bounds the bytes that nobody asked for, and sees what is left over at the end.
"""

from __future__ import annotations

import http.client
import io
import re
from typing import TYPE_CHECKING, Any

from gentrace.configuration.secrets import Secret
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

_MAX_FIELDS = 100
"""How many header fields a head may have, as http.client has it."""

_LINE_LIMIT = 64 * 1024
"""How many bytes a line may have."""

_LENGTH = re.compile("[0-9]{1,20}")
_OF_THE_END = ("content-length", "transfer-encoding", "connection")
_VERSIONS = {"0.9": 10, "1.0": 10, "1.1": 11}
_WITHOUT_BODY = frozenset(
    {http.HTTPStatus.SWITCHING_PROTOCOLS, http.HTTPStatus.NO_CONTENT, http.HTTPStatus.NOT_MODIFIED}
)
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
    """An answer of http.client whose head leaves no doubt."""

    # Until it is made: an interrupt in the making leaves an object that is finalized all the same.
    fp: Any = None

    def __init__(
        self, sock: socket.socket, debuglevel: int = 0, method: str | None = None, url: Any = None
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        self._is_for_head = method == "HEAD"
        file, self.fp = self.fp, None  # an interrupt in the making leaves no half of a file
        self.fp = AnswerFile(file, current.get())

    def begin(self) -> None:
        """Read the head of the final answer.

        Raises:
            FramingError: it can be read in more than one way.
            BudgetError: it is too long.
            HTTPException: it is no head, or it breaks off.

        """
        for _ in range(_MAX_INTERIM + 1):
            status, _, fields = map(Secret, self.fp.read_head().partition("\n"))
            self._parse_status(status)
            try:
                self.headers = self.msg = parse_fields(fields)
                if self.status not in _INTERIM:
                    self._find_end()
                    return
            except FramingError as error:
                error.status, error.reason, error.headers = self.status, self.reason, self.headers
                raise
        raise http.client.HTTPException(f"more than {_MAX_INTERIM} interim answers")

    def _parse_status(self, line: Secret) -> None:
        found = _STATUS.fullmatch(line)
        if found is None:
            raise http.client.BadStatusLine(line)
        if found[1] not in _VERSIONS:
            raise http.client.UnknownProtocol(found[1])
        self.version = _VERSIONS[found[1]]
        self.code = self.status = int(found[2])
        self.reason = Secret(found[3].strip())  # a server may repeat the token

    def _find_end(self) -> None:
        """Find out how long the body is, and whether the connection is kept after it."""
        found: dict[str, list[str]] = {name: [] for name in _OF_THE_END}
        for name, value in self.headers.items():
            if name.lower() in found:
                found[name.lower()].append(value)
        lengths, codings, options = found.values()
        if lengths and not (len(set(lengths)) == 1 and _LENGTH.fullmatch(lengths[0])):
            raise FramingError("its Content-Length is not one number: " + ", ".join(lengths)[:100])
        if lengths and codings:
            raise FramingError("it has a Content-Length beside a Transfer-Encoding")
        if codings and [coding.lower() for coding in codings] != ["chunked"]:
            raise FramingError("its Transfer-Encoding is not chunked: " + ", ".join(codings)[:100])
        announced = int(lengths[0]) if lengths else None
        has_none = self._is_for_head or self.status in _WITHOUT_BODY
        self.length = 0 if has_none else announced
        self.chunked = bool(codings) and not has_none
        self.chunk_left = None
        option = ",".join(options).lower()
        is_old = self.version < _VERSIONS["1.1"]
        self.will_close = (
            ("keep-alive" not in option or bool(codings) if is_old else "close" in option)
            or self.status == http.HTTPStatus.SWITCHING_PROTOCOLS
            # What is announced where there can be no body may come all the same.
            or (has_none and bool(codings or announced))
            or (self.length is None and not self.chunked)
        )
        self.fp.begin_body(is_chunked=self.chunked)


def parse_fields(text: Secret) -> http.client.HTTPMessage:
    """Return the header fields that some lines are.

    Raises:
        FramingError: one is no field.

    """
    if _FIELDS.fullmatch(text) is None:
        raise FramingError("its head has a line that is no field")
    message = http.client.HTTPMessage()
    # The names and values are in no local but as secrets: a server may repeat the token.
    names = map(Secret, _NAMES.findall(text))
    for name, value in zip(names, map(Secret, _VALUES.findall(text)), strict=True):
        # A field may go on in lines that begin with a blank.
        message[str(name)] = " ".join(map(str.strip, value.split("\n"))).strip()
    return message


class AnswerFile(io.BufferedReader):
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
        # A function rather than a method, which would hold this in a circle.
        self._check: Callable[[AnswerFile, bytes], None] | None = None
        self._is_chunked = False
        self._chunk_left = 0
        # What was read last: in no local, as a server may repeat the token.
        self._piece = b""

    def begin_body(self, *, is_chunked: bool) -> None:
        """Look at the chunks of an answer; what came before may have been a proxy's to CONNECT."""
        self._is_answer = True
        self._is_chunked = is_chunked
        self._check = AnswerFile._check_size if is_chunked else None

    def read_head(self) -> Secret:
        """Return a head but for its blank line."""
        readline = super().readline
        self._lines: list[bytes] = []
        while True:
            self._piece = readline(_LINE_LIMIT)
            self._check_line(_LINE_LIMIT)
            if self._piece in _END:
                head = Secret(b"".join(self._lines), "iso-8859-1")
                self._lines = []
                return head
            if len(self._lines) > _MAX_FIELDS:
                raise http.client.HTTPException(f"more than {_MAX_FIELDS} header fields")
            self._lines.append(self._piece)

    def readline(self, size: int | None = -1, /) -> bytes:
        """Read a line of a body in chunks, or of a proxy's answer to CONNECT."""
        self._piece = super().readline(size)
        self._check_line(size)
        if self._check is not None:
            self._check(self, self._piece)
        return self._take()

    def _check_line(self, limit: int | None) -> None:
        """Check that there is a line, whole and within all bounds."""
        self._budget -= len(self._piece)
        if self._budget < 0:
            raise BudgetError
        if not self._piece:
            raise http.client.RemoteDisconnected("the connection was closed before a whole answer")
        if not self._piece.endswith(b"\n"):
            if len(self._piece) == limit:
                raise http.client.LineTooLong("line")
            raise http.client.IncompleteRead(self._take())

    def _check_size(self, line: bytes) -> None:
        size = _SIZE.fullmatch(line)
        if size is None:
            raise FramingError("the size of a chunk is no plain hexadecimal number")
        self._chunk_left = int(size[1], 16)
        if self._chunk_left == 0:
            self._check = AnswerFile._check_trailer

    def _check_trailer(self, line: bytes) -> None:
        if line.strip(b"\r\n") and not _TRAILER.fullmatch(line):
            raise FramingError("its trailer has a line that is no field")

    def read(self, size: int | None = -1, /) -> bytes:
        """Read bytes of the body, or the end of a chunk."""
        self._piece = super().read(size)
        if self._is_chunked and self._chunk_left == 0 and not b"\r\n".startswith(self._piece):
            raise FramingError("a chunk is longer than its size")
        self._count(len(self._piece))
        return self._take()

    def read1(self, size: int = -1, /) -> bytes:
        """Read what is there of the body."""
        self._piece = super().read1(size)
        self._count(len(self._piece))
        return self._take()

    def readinto(self, buffer: Buffer, /) -> int:
        """Read bytes of the body into a buffer."""
        received = super().readinto(buffer)
        self._count(received)
        return received

    def _take(self) -> bytes:
        try:
            return self._piece
        finally:
            self._piece = b""

    def _count(self, received: int) -> None:
        self._chunk_left = max(0, self._chunk_left - received)
        self._budget = min(BYTE_BUDGET, self._budget + _BYTES_AROUND * received)

    def close(self) -> None:
        """Close; a connection on which something is left serves no other call."""
        if self._is_answer and not self.closed:
            self._source.is_dry = True
            self._attempt.finish(is_spent=self._has_more())
            self._piece = b""
        super().close()

    def _has_more(self) -> bool:
        try:
            return bool(self.peek(1))
        except ValueError:  # an interrupt has closed half of it
            return True


class _Source(io.RawIOBase):
    """What comes from the socket; each read is an operation of the call."""

    is_dry = False
    # Until it is made: an interrupt in the making leaves an object that is finalized all the same.
    _file: Any = None

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
        if self._file is not None:
            self._file.close()
        super().close()


_END = (b"\r\n", b"\n")
_NAME = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_VALUE = r"[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*"
_FIELDS = re.compile(f"(?:{_NAME}:{_VALUE})*")
_NAMES = re.compile(f"(?m)^({_NAME}):")
_VALUES = re.compile(f"(?m)^{_NAME}:({_VALUE})")
_TRAILER = re.compile(f"{_NAME}:{_VALUE}".encode())
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?\r?\n")
_STATUS = re.compile(r"HTTP/(\S+)[ \t]+([1-9][0-9]{2})((?:[ \t].*)?)\s*")
