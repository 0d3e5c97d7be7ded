"""The body of an answer, read as it comes: unpacked, and with the exceptions of a call."""

from __future__ import annotations

import http.client
import socket
from io import BytesIO
from typing import TYPE_CHECKING, Any

from urllib3 import BaseHTTPResponse

from gentrace.exceptions import (
    ApiException,
    ApiResponseException,
    ApiResponseTooLargeException,
)
from gentrace.rest.deadline import now
from gentrace.rest.decoding import Readable, unpack
from gentrace.rest.failures import FAILURES, is_failure
from gentrace.rest.framing import BudgetError
from gentrace.rest.tls import broke_off
from gentrace.rest.words import describe, find_cause, is_clean, partial_of

if TYPE_CHECKING:
    from gentrace.rest.attempt import Attempt
    from gentrace.rest.head import Head

PIECE = 64 * 1024
"""How many bytes of a body are read at a time."""


class Body:
    """The body of an answer, as the file that urllib3 reads one from.

    Args:
        raw: the answer of urllib3, or of a tool.
        head: its head.
        attempt: the request that is answered.

    Attributes:
        is_unpacked: whether to undo its Content-Encoding; it counts at the first read.

    """

    def __init__(self, raw: Any, head: Head, attempt: Attempt) -> None:
        self._raw = raw
        self._head = head
        self._attempt = attempt
        self._packed = _Packed(raw, attempt)
        self._source: Readable | None = None
        self._piece = b""  # in no local, as a server may repeat the token
        self.is_unpacked = True
        self.closed = False

    def read(self, size: int | None = None, /) -> bytes:
        """Return so many bytes, fewer at the end of the body only; None is all of it."""
        content = BytesIO()
        wanted = PIECE if size is None else size
        while wanted and content.write(self.read1(min(wanted, PIECE))):
            wanted = PIECE if size is None else size - content.tell()
        return content.getvalue()

    def read1(self, size: int = PIECE, /) -> bytes:
        """Return what is there, at most `size` bytes; none at the end of the body.

        Raises:
            ApiException: it cannot be read, or breaks off.

        """
        if self.closed:
            return b""
        try:
            if self._source is None:
                self._source = self._open()
            self._piece = self._source.read1(size)
            if not self._piece or (self._raw.closed and self._source is self._packed):
                self.close()
            return self._take()
        except BaseException as error:
            self.close()
            if not is_failure(error, self._attempt):
                self._head.report.route.discard()
                raise
            failure, cause = self._explain(error)
        try:
            raise self._head.describe(failure) from cause
        finally:
            del failure, cause  # which their traceback would hold in a circle

    def _take(self) -> bytes:
        try:
            return self._piece
        finally:
            self._piece = b""

    def _open(self) -> Readable:
        encoding = self._head.headers.get("Content-Encoding")
        return unpack(self._packed, encoding) if encoding and self.is_unpacked else self._packed

    def _explain(self, error: BaseException) -> tuple[ApiException, BaseException | None]:
        report = self._head.report
        cause = find_cause(error)
        partial = partial_of(cause, error)
        if isinstance(cause, (BudgetError, http.client.LineTooLong)):
            why = "more bytes came around its body than an answer may have"
            return self._head.refuse(ApiResponseTooLargeException, why), cause
        if broke_off(cause) and _ends_with_its_connection(self._raw):
            why = "its connection was closed in the middle of TLS, and nothing says where it ends"
            return self._head.refuse(ApiResponseException, why, partial.getvalue()), cause
        is_lost = isinstance(cause, (OSError, http.client.IncompleteRead, MemoryError))
        if not is_lost and not self._attempt.deadline.is_up():
            why = f"it cannot be read: {describe(cause)}"
            shown = cause if is_clean(cause, report.secrets) else None
            return self._head.refuse(ApiResponseException, why, partial.getvalue()), shown
        self._attempt.phase = f"reading the answer {self._head.status}"
        failure, shown = report.explain(cause, self._attempt)
        failure.body = partial.getvalue()
        return failure, shown

    def drain(self) -> None:
        """Read what is left if it is little and comes at once, so that the connection is kept."""
        left = getattr(self._raw, "length_remaining", None)
        if left is not None and left <= PIECE:
            self.is_unpacked = False
            self._attempt.limit_operations(_DRAIN_TIME)
            end = now() + _DRAIN_TIME
            try:
                while now() < end and self._raw.read1(PIECE, decode_content=False):
                    pass
            except FAILURES:
                pass
        self.close()

    @property
    def connection(self) -> Any:
        """The connection that it comes on, None once that is given back."""
        return self._raw.connection

    @property
    def received(self) -> int:
        """How many bytes of it have come in, as they are packed."""
        return self._packed.received

    def fileno(self) -> int:
        """Return the number of the descriptor that it comes on."""
        number: int = self._raw.fileno()
        return number

    def shut_down(self) -> None:
        """End a read that another thread is in: it gets no more."""
        self._attempt.shut_down(socket.SHUT_RD)

    def close(self) -> None:
        """Give the connection back, closed if something is left to read."""
        if not self.closed:
            self.closed = True
            self._raw.close()
            self._raw.release_conn()
            self._attempt.finish()


class _Packed:
    """The bytes of a body as they come."""

    def __init__(self, raw: Any, attempt: Attempt) -> None:
        self._raw = raw
        self._attempt = attempt
        self._piece = b""  # in no local, as a server may repeat the token
        self.received = 0

    def read1(self, size: int, /) -> bytes:
        """Return some bytes, at most `size`; none at the end."""
        if isinstance(self._raw, BaseHTTPResponse):
            self._piece = self._raw.read1(size, decode_content=False)
        else:  # that of a tool, which has it all
            self._piece = self._raw.read(size)
        if not self._piece and self._is_cut():
            raise TimeoutError
        self.received += len(self._piece)
        try:
            return self._piece
        finally:
            self._piece = b""

    def _is_cut(self) -> bool:
        """Tell whether what looks like the end is the watchdog's doing."""
        return _ends_with_its_connection(self._raw) and self._attempt.deadline.is_up()


def _ends_with_its_connection(raw: Any) -> bool:
    return raw.length_remaining is None and not getattr(raw, "chunked", False)


_DRAIN_TIME = 0.25
"""Seconds to wait for the rest of an answer that nobody wants."""
