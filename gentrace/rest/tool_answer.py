"""Answers that a tool supplied, such as a recorded one of vcrpy."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from urllib3 import BaseHTTPResponse, HTTPHeaderDict, HTTPResponse

from gentrace.configuration.secrets import Secret, SecretBytes

if TYPE_CHECKING:
    from gentrace.rest.attempt import Attempt


class ToolAnswer:
    """Adapts an answer of a tool to what `HTTPResponse` reads from; framing is up to the tool.

    Args:
        answer: what `urlopen` returned; it need not be an answer of urllib3.
        attempt: the attempt that is answered.

    """

    is_complete = True

    def __init__(self, answer: Any, attempt: Attempt) -> None:
        is_loaded = not isinstance(answer, BaseHTTPResponse)
        if isinstance(answer, HTTPResponse) and (answer.closed or answer.tell()):
            is_loaded, answer = True, _make_unread(answer)
        self._answer: Any = answer
        self._attempt = attempt
        self._peeked = SecretBytes()
        self.received = 0
        self.status: int = answer.status
        self.reason = str(answer.reason or "")
        self.version: int = answer.version
        fields = HTTPHeaderDict(answer.headers.items())
        if is_loaded and "Content-Encoding" in fields:
            self._peeked = self._read(_MAGIC_SIZE)
            if not self._peeked.startswith(_MAGIC):  # vcrpy decompresses what it records
                del fields["Content-Encoding"]
        self.headers = attempt.state.guard_headers(fields, Secret(fields))

    @property
    def remaining(self) -> int | None:
        """How many bytes are left to read; None if only the end of the connection tells."""
        count: int | None = self._answer.length_remaining
        return count if count is None else count + len(self._peeked)

    def read1(self, size: int, /) -> bytes:
        """Return some bytes, at most `size`; none at the end."""
        if self._attempt.deadline.has_passed():
            raise TimeoutError
        piece, self._peeked = self._peeked[:size], SecretBytes(self._peeked[size:])
        if not piece:
            piece = self._read(size)
        if not piece and self._attempt.deadline.has_passed():
            raise TimeoutError  # an answer that was aborted looks like one that has ended
        self.received += len(piece)
        return piece

    read = read1
    """urllib3 takes an object that has `read` for a body."""

    def isclosed(self) -> bool:
        """Tell whether nothing is left to read."""
        return bool(self._answer.closed) and not self._peeked

    def close(self) -> None:
        """Close the answer and release its connection, if it has one."""
        self._answer.close()
        if isinstance(self._answer, BaseHTTPResponse):
            self._answer.release_conn()
        else:
            # vcrpy before 9.2 never returns the slot, and before 9.1 has no `release_conn`.
            self._attempt.state.route.retire()

    def _read(self, size: int) -> SecretBytes:
        if isinstance(self._answer, BaseHTTPResponse):
            return SecretBytes(self._answer.read1(size, decode_content=False))
        return SecretBytes(self._answer.read(size))


_MAGIC_SIZE = 2
_MAGIC = b"\x1f\x8b", b"x\x01", b"x^", b"x\x9c", b"x\xda"
"""How a body begins in gzip, and in deflate."""


def _make_unread(answer: HTTPResponse) -> HTTPResponse:
    """Return a copy of a loaded answer whose body is still to be read."""
    content: Any = answer.data or b""
    body = BytesIO(content.encode() if isinstance(content, str) else content)
    return HTTPResponse(
        body,
        answer.headers,
        answer.status,
        answer.version,
        reason=answer.reason,
        preload_content=False,
        enforce_content_length=False,
    )
