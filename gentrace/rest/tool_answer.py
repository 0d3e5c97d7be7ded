"""Answers that a tool brought in place of one from the wire, such as those of a cassette."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from urllib3 import BaseHTTPResponse, HTTPHeaderDict, HTTPResponse

from gentrace.configuration.secrets import Secret, SecretBytes

if TYPE_CHECKING:
    from gentrace.rest.attempt import Attempt


class ToolAnswer:
    """A tool's answer, as `HTTPResponse` reads one; where it begins and ends is the tool's.

    Args:
        answer: what `urlopen` gave; it need not be an answer of urllib3.
        attempt: the request that is answered.

    """

    is_complete = True

    def __init__(self, answer: Any, attempt: Attempt) -> None:
        is_there = not isinstance(answer, BaseHTTPResponse)
        if isinstance(answer, HTTPResponse) and (answer.closed or answer.tell()):
            is_there, answer = True, _unread(answer)
        self._answer: Any = answer
        self._attempt = attempt
        self._ahead = SecretBytes()
        self.received = 0
        self.status: int = answer.status
        self.reason = str(answer.reason or "")
        self.version: int = answer.version
        fields = HTTPHeaderDict(answer.headers.items())
        if is_there and "Content-Encoding" in fields:
            self._ahead = self._read(_START)
            if not self._ahead.startswith(_PACKED):  # the tool has unpacked it
                del fields["Content-Encoding"]
        self.headers = attempt.state.guard_headers(fields, Secret(fields))

    @property
    def remaining(self) -> int | None:
        """How many bytes are left to read; None if only the end of the connection tells."""
        left: int | None = self._answer.length_remaining
        return left if left is None else left + len(self._ahead)

    def read1(self, size: int, /) -> bytes:
        """Return some bytes, at most `size`; none at the end."""
        if self._attempt.deadline.is_up():
            raise TimeoutError
        piece, self._ahead = self._ahead[:size], SecretBytes(self._ahead[size:])
        if not piece:
            piece = self._read(size)
        if not piece and self._attempt.deadline.is_up():
            raise TimeoutError  # the end of its call cut it off, which looks like its own
        self.received += len(piece)
        return piece

    read = read1
    """By which urllib3 knows that there is something to read."""

    def isclosed(self) -> bool:
        """Tell whether nothing is left to read."""
        return bool(self._answer.closed) and not self._ahead

    def close(self) -> None:
        """Let go of the connection, if there is one."""
        self._answer.close()
        self._answer.release_conn()

    def _read(self, size: int) -> SecretBytes:
        if isinstance(self._answer, BaseHTTPResponse):
            return SecretBytes(self._answer.read1(size, decode_content=False))
        return SecretBytes(self._answer.read(size))


_START = 2
_PACKED = b"\x1f\x8b", b"x\x01", b"x^", b"x\x9c", b"x\xda"
"""How a body begins in gzip, and in deflate."""


def _unread(answer: HTTPResponse) -> HTTPResponse:
    """Return an answer that was loaded as it was made, as one that is still to be read."""
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
