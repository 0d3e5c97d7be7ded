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
        if isinstance(answer, HTTPResponse) and (answer.closed or answer.tell()):
            answer = _make_unread(answer)
        self._answer: Any = answer
        self._attempt = attempt
        self.received = 0
        self.status: int = answer.status
        self.reason = str(answer.reason or "")
        self.version: int = answer.version
        fields = HTTPHeaderDict(answer.headers.items())
        self.headers = attempt.state.guard_headers(fields, Secret(fields))

    @property
    def remaining(self) -> int | None:
        """How many bytes are left to read; None if only the end of the connection tells."""
        count: int | None = self._answer.length_remaining
        return count

    def read1(self, size: int, /) -> bytes:
        """Return some bytes, at most `size`; none at the end."""
        if self._attempt.deadline.has_passed():
            raise TimeoutError
        if isinstance(self._answer, BaseHTTPResponse):
            piece = SecretBytes(self._answer.read1(size, decode_content=False))
        else:
            piece = SecretBytes(self._answer.read(size))
        if not piece and self._attempt.deadline.has_passed():
            raise TimeoutError  # an answer that was aborted looks like one that has ended
        self.received += len(piece)
        return piece

    read = read1
    """urllib3 takes an object that has `read` for a body."""

    def isclosed(self) -> bool:
        """Tell whether nothing is left to read."""
        return bool(self._answer.closed)

    def close(self) -> None:
        """Close the answer and release its connection, if it has one."""
        self._answer.close()
        self._answer.release_conn()


def _make_unread(answer: HTTPResponse) -> HTTPResponse:
    """Return a copy of a loaded answer whose body is still to be read, and not compressed."""
    content: Any = answer.data or b""
    body = BytesIO(content.encode() if isinstance(content, str) else content)
    fields = answer.headers.copy()
    fields.discard("Content-Encoding")
    return HTTPResponse(
        body,
        fields,
        answer.status,
        answer.version,
        reason=answer.reason,
        preload_content=False,
        enforce_content_length=False,
    )
