"""The framing of answers: an answer whose end is ambiguous is an error."""

from __future__ import annotations

import http.client
import re
from operator import methodcaller
from typing import TYPE_CHECKING, Any, cast

from urllib3 import HTTPHeaderDict

from gentrace.configuration.secrets import Secret, mask_text
from gentrace.rest.attempt import current
from gentrace.rest.budgeted_reader import BudgetedReader

if TYPE_CHECKING:
    import socket

MAX_INTERIM = 16
"""How many interim answers may come before the final one."""

_VERSIONS = {"0.9": 10, "1.0": 10, "1.1": 11}
_SWITCHING, _NO_CONTENT, _NOT_MODIFIED = 101, 204, 304
_INTERIM = frozenset(range(100, 200)) - {_SWITCHING}
_WITHOUT_BODY = _INTERIM | {_SWITCHING, _NO_CONTENT, _NOT_MODIFIED}
_NOT_IN_REASON = frozenset("\r\0")
_LENGTH = re.compile("[0-9]{1,20}")


class FramingError(Exception):
    """The framing of an answer is ambiguous or invalid.

    Attributes:
        status: status of the answer, 0 if the error comes after its head.
        reason: its reason phrase.
        headers: its header fields; empty if they could not be parsed, None after the head.

    """

    status = 0
    reason = ""
    headers: Any = None


class RawResponse(http.client.HTTPResponse):
    """An answer of http.client whose framing is checked.

    Attributes:
        remaining: how many bytes of its body, or of the current chunk, are still to come; None if
            only the end of the connection tells.
        received: how many bytes of its body have come.
        is_complete: whether it was read to its end, with no data after it.

    """

    # Defaults, as an interrupt in the constructor leaves an object that is finalized all the same.
    fp: Any = None
    headers: Any = None  # of urllib3's class, not http.client's
    remaining: int | None = None
    received = 0
    is_complete = False

    def __init__(
        self, sock: socket.socket, debuglevel: int = 0, method: str | None = None, url: Any = None
    ) -> None:
        # The reader takes the place of the socket, of which http.client makes its file.
        reader: Any = BudgetedReader(sock, current.get())
        super().__init__(reader, debuglevel, method, url)
        self._is_for_head = method == "HEAD"

    def begin(self) -> None:
        """Read the head of the final answer; skip interim answers.

        Raises:
            FramingError: its framing is ambiguous.
            BudgetError: it is too long.
            HTTPException: it is no head of HTTP, or it is truncated.

        """
        self.will_close = False
        for _ in range(MAX_INTERIM + 1):
            status, _, fields = map(Secret, self.fp.read_head().partition("\n"))
            self._parse_status(status)
            self.headers = None  # not those of an interim answer
            try:
                if not _NOT_IN_REASON.isdisjoint(self.reason):
                    raise FramingError("its status line has a carriage return or a NUL in it")
                guard = current.get().state.guard_headers
                self.headers = guard(parse_fields(fields, "head"), fields)
                self._find_length()
            except FramingError as error:
                error.status, error.reason = self.status, self.reason
                error.headers = self.headers or HTTPHeaderDict()
                raise
            if self.status not in _INTERIM:
                if self.length == 0:
                    self._end(self.fp)
                return
        raise http.client.HTTPException(f"more than {MAX_INTERIM} interim answers")

    def _parse_status(self, line: Secret) -> None:
        found = _STATUS.fullmatch(line)
        if found is None:
            raise http.client.BadStatusLine(line or " ")  # of an empty line it would show the repr
        if found[1] not in _VERSIONS:
            raise http.client.UnknownProtocol(found[1])
        self.version = _VERSIONS[found[1]]
        self.code = self.status = int(found[2])
        # Masked in repr, as a server may repeat the token.
        self.reason = Secret(found[3].removesuffix("\r").strip(" \t"))

    def _find_length(self) -> None:
        """Find the length of the body, and whether the connection is kept open after it."""
        lengths = self.headers.getlist("Content-Length")
        codings = self.headers.getlist("Transfer-Encoding")
        option = self.headers.get("Connection", "").lower()
        if lengths and not (len(set(lengths)) == 1 and _LENGTH.fullmatch(lengths[0])):
            raise FramingError(f"its Content-Length is not one number: {_format_values(lengths)}")
        if lengths and codings:
            raise FramingError("it has a Content-Length beside a Transfer-Encoding")
        if codings and [coding.lower() for coding in codings] != ["chunked"]:
            raise FramingError(f"its Transfer-Encoding is not chunked: {_format_values(codings)}")
        announced = int(lengths[0]) if lengths else None
        has_none = self._is_for_head or self.status in _WITHOUT_BODY
        self.length = 0 if has_none else announced
        self.chunked = bool(codings) and not has_none
        self.remaining = 0 if self.chunked else self.length
        is_old = self.version < _VERSIONS["1.1"]
        self.will_close = (
            self.will_close  # by an interim answer
            or ("keep-alive" not in option or bool(codings) if is_old else "close" in option)
            or self.status == _SWITCHING
            # The server may send the body that it announces, even where there can be none.
            or (has_none and bool(codings or announced))
            or (self.length is None and not self.chunked)
        )

    def close(self) -> None:
        """Close it; two threads may do so at once, which http.client's does not allow for."""
        reader = vars(self).pop("fp", None)
        if reader is not None:
            reader.close()
            super().close()

    def read1(self, n: int = 65536) -> bytes:
        """Return available bytes of the body, at most `n`; none at its end.

        Raises:
            FramingError: the framing of a chunk is invalid, or this was closed before its end.
            BudgetError: chunk lines and trailers exceed the byte budget.
            HTTPException: the body is truncated.

        """
        reader = self.fp  # another thread may close this meanwhile
        if reader is None:
            if self.chunked or self.remaining != 0:
                raise FramingError("it was closed before the end of its body")
            return b""
        if self.chunked and not self.remaining:
            self._read_chunk_size(reader)
            if not self.remaining:
                return b""
        got = reader.fill(n if self.remaining is None else min(n, self.remaining))
        if not got and self.remaining is not None:
            raise http.client.IncompleteRead(b"", self.remaining)
        self.received += got
        try:
            return cast("bytes", reader.take(got))
        finally:
            self._consume(reader, got)

    def _read_chunk_size(self, reader: BudgetedReader) -> None:
        if self.received and reader.take_whole(2) != b"\r\n":
            raise FramingError("a chunk is longer than its size")
        self.remaining = _parse_chunk_size(reader.readline())
        if self.remaining is None:
            raise FramingError("the size of a chunk is no plain hexadecimal number")
        if not self.remaining:
            parse_fields(reader.read_head(), "trailer")
            self._end(reader)

    def _consume(self, reader: BudgetedReader, got: int) -> None:
        if self.remaining is not None:
            self.remaining -= got
        if not got or (self.remaining == 0 and not self.chunked):
            self._end(reader)

    def _end(self, reader: BudgetedReader) -> None:
        self.chunked = False
        self.remaining = 0
        self.is_complete = not reader.buffered
        self.close()


def _format_values(values: list[str]) -> str:
    """Return the values of a header field for a message: masked, and only then cut."""
    return mask_text(", ".join(values), current.get().state.secrets)[:100]


def _parse_chunk_size(line: bytes) -> int | None:
    """Return the size of a chunk, None if it is invalid.

    Here, so that no frame that waits for data holds the match, which tracebacks would show.
    """
    size = _SIZE.fullmatch(line)
    return None if size is None else int(size[1], 16)


def parse_fields(text: Secret, part: str) -> HTTPHeaderDict:
    """Return the header fields in the lines of a part of an answer.

    Raises:
        FramingError: a line is no header field.

    """
    # A line that begins with a blank continues the one before.
    text = Secret(_CONTINUED.sub(" ", text.replace("\r\n", "\n")))
    if _FIELDS.fullmatch(text) is None:
        raise FramingError(f"its {part} has a line that is not a field")
    fields = HTTPHeaderDict()
    for line in map(Secret, text.split("\n")[:-1]):
        # Name and value are in no local that a traceback shows: a server may repeat the token.
        fields.add(*map(_strip_blanks, line.split(":", 1)))
    return fields


# Blanks and tabs only: `str.strip` would make a valid value of one with a control character.
_strip_blanks: Any = methodcaller("strip", " \t")


_CONTINUED = re.compile("\n[ \t]+")
_FIELDS = re.compile(r"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[^\r\n\0]*\n)*")
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?\r?\n")
_STATUS = re.compile(r"HTTP/(\S+)[ \t]+([1-9][0-9]{2})((?:[ \t\r\0].*)?)")
