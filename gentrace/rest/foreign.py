"""Answers that a tool brought in place of one from the wire, such as those of a cassette."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from urllib3 import BaseHTTPResponse, HTTPHeaderDict

from gentrace.configuration.secrets import Secret, SecretBytes

if TYPE_CHECKING:
    from gentrace.rest.attempt import Attempt


class ForeignAnswer:
    """A tool's answer, as `HTTPResponse` reads one; where it begins and ends is the tool's.

    Args:
        answer: what `urlopen` gave; it need not be an answer of urllib3.
        attempt: the request that is answered.

    """

    is_whole = True

    def __init__(self, answer: Any, attempt: Attempt) -> None:
        self._answer = answer
        self._attempt = attempt
        self.status: int = answer.status
        self.reason = str(answer.reason or "")
        self.version: int = answer.version
        fields = HTTPHeaderDict(answer.headers.items())
        self.headers = attempt.report.guard_headers(fields, Secret(fields))
        self.received = 0

    @property
    def left(self) -> int | None:
        """How many bytes are left to read; None if only the end of the connection tells."""
        left: int | None = self._answer.length_remaining
        return left

    def read1(self, size: int, /) -> bytes:
        """Return some bytes, at most `size`; none at the end."""
        if self._attempt.deadline.is_up():
            raise TimeoutError
        if isinstance(self._answer, BaseHTTPResponse):
            piece = SecretBytes(self._answer.read1(size, decode_content=False))
        else:  # a tool has it all
            piece = SecretBytes(self._answer.read(size))
        if not piece and self._attempt.deadline.is_up():
            raise TimeoutError  # the end of its call cut it off, which looks like its own
        self.received += len(piece)
        return piece

    read = read1
    """By which urllib3 knows that there is something to read."""

    def isclosed(self) -> bool:
        """Tell whether nothing is left to read."""
        return bool(self._answer.closed)

    def close(self) -> None:
        """Let go of the connection, if there is one."""
        self._answer.close()
        self._answer.release_conn()
