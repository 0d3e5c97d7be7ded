"""The raw answer, as callers have it."""

from __future__ import annotations

import os
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

import urllib3

from gentrace.configuration.secrets import scrub, scrub_bytes
from gentrace.exceptions import (
    ApiException,
    ApiResponseException,
    ApiResponseTooLargeException,
)
from gentrace.rest.body import PIECE, Body
from gentrace.rest.retries import parse_retry_after
from gentrace.rest.words import causes, describe
from gentrace.schemas import FileSchema

if TYPE_CHECKING:
    from collections.abc import Generator

    from gentrace.rest.attempt import Attempt
    from gentrace.rest.head import Head


class HTTPResponse(urllib3.HTTPResponse):
    """A raw answer; what goes wrong while it is read is an `ApiException`.

    Closing it, leaving its `with` block, `release_conn()` and dropping the last reference give its
    connection back, closed if something is left to read.

    Args:
        raw: what `urlopen` gave: an answer of urllib3, or one of a tool.
        head: its head.
        attempt: the request that it answers.
        max_response_body: bytes that `load` reads.
        target: what the request asked for, as it may be shown.

    Attributes:
        idempotency_key: key that the request carried, None where it carried none.
        tries: how many requests were put on the wire for this answer.

    """

    def __init__(
        self, raw: Any, head: Head, attempt: Attempt, max_response_body: int, target: str
    ) -> None:
        self._body_file = Body(raw, head, attempt)
        self._head = head
        self._attempt = attempt
        self._max_response_body = max_response_body
        self._content: bytes | None = None
        self.idempotency_key = head.report.idempotency_key
        self.tries = head.tries
        super().__init__(
            body=cast("Any", self._body_file),
            headers=head.headers,
            status=head.status,
            version=raw.version,
            version_string=raw.version_string,
            reason=head.reason,
            preload_content=False,
            request_url=target,
            enforce_content_length=False,  # the body does
        )
        # urllib3 would take the body for read once so many unpacked bytes were.
        is_packed = "Content-Encoding" in head.headers
        self.length_remaining = None if is_packed else raw.length_remaining

    @property
    def content_type(self) -> str:
        """The media type of the body, empty where none is said."""
        return str(self.headers.get("Content-Type", ""))

    @property
    def retry_after(self) -> float | None:
        """Seconds that the server asks to wait, None where it does not, or not clearly."""
        return parse_retry_after(self.headers)

    @property
    def data(self) -> bytes:
        """The whole body."""
        return self.read(cache_content=True) if self._content is None else self._content

    def load(self) -> bytes:
        """Return the whole body, read up to the bound of the configuration.

        Raises:
            ApiResponseTooLargeException: it is larger; its `body` is the part within the bound.
            ApiConnectionException: it broke off, or its time was up.

        """
        if self._content is None:
            content = BytesIO()
            failure = self._collect(content, self._max_response_body)
            if failure is not None:
                try:
                    raise failure.with_traceback(None)
                finally:
                    del failure  # which its traceback would hold in a circle
            self._content = content.getvalue()
        return self._content

    def _collect(self, content: BytesIO, limit: int) -> ApiException | None:
        """Read until the end of the body, its bound or a failure; return that."""
        try:
            while content.tell() <= limit and content.write(self._body_file.read1(PIECE)):
                pass
        except ApiException as error:
            content.write(error.body)
            error.body = scrub_bytes(content, self._head.report.secrets)
            return error
        if content.tell() <= limit:
            return None
        content.truncate(limit)
        self.close()
        why = f"the answer is larger than max_response_body, {limit} bytes"
        return self.refuse(ApiResponseTooLargeException, why, content.getvalue())

    def refuse(self, kind: type[ApiException], why: str, body: bytes = b"") -> ApiException:
        """Build the exception of an answer that came, but cannot be read; the caller raises it."""
        return self._head.refuse(kind, why, body)

    def describe(self, error: ApiException) -> ApiException:
        """Return an exception with what this answer says, the call's secrets masked."""
        return self._head.describe(error)

    def hide_secrets(self) -> None:
        """Mask what the server says of the call's secrets, before the answer is shown."""
        self.reason = self._head.reason = scrub(self.reason or "", self._head.report.secrets)
        if self._content is not None:
            self._content = scrub_bytes(BytesIO(self._content), self._head.report.secrets)

    def outlive_deadline(self) -> None:
        """Let the body take its time: each read has its time-out, and a triple's total holds."""
        if not self._attempt.deadline.covers_stream:
            self._attempt.outlive_deadline()

    def read(
        self,
        amt: int | None = None,
        decode_content: bool | None = None,
        cache_content: bool = False,
    ) -> bytes:
        """Read as urllib3 does; see `Body.read1` for what it raises."""
        self._choose(decode_content)
        is_new = not self._body_file.received
        whole = amt is None or amt < 0
        data = self._body_file.read(None if whole else amt)
        if cache_content and whole and is_new:
            self._content = data
        return data

    def read1(self, amt: int | None = None, decode_content: bool | None = None) -> bytes:
        """Read what is there as urllib3 does; see `Body.read1` for what it raises."""
        self._choose(decode_content)
        return self._body_file.read1(PIECE if amt is None or amt < 0 else amt)

    def _choose(self, decode_content: bool | None) -> None:
        chosen = self.decode_content if decode_content is None else decode_content
        self._body_file.is_unpacked = chosen

    def stream(
        self, amt: int | None = PIECE, decode_content: bool | None = None
    ) -> Generator[bytes]:
        """Read piece by piece, each as soon as it comes; see `Body.read1` for what it raises.

        Args:
            amt: the most bytes of a piece; None is the whole body.
            decode_content: whether to undo the Content-Encoding; None does.

        """
        read = self.read if amt is None else self.read1
        while piece := read(amt, decode_content):
            yield piece

    read_chunked = stream

    def json(self) -> Any:
        """Return the value of a JSON body; ApiException if it is none."""
        try:
            return super().json()
        except (ValueError, RecursionError) as error:
            why = f"the body is not JSON in UTF-8: {describe(error)}"
        # Out here, as the error above holds the whole body.
        raise self.refuse(ApiResponseException, why, self.data)

    def save(self, folder: str | None) -> FileSchema:
        """Return the body as a file in `folder`, or in the system's if None; its name is random.

        Raises:
            ApiException: the body broke off or cannot be written; no file is left behind.

        """
        self.outlive_deadline()
        path = None
        try:
            from tempfile import mkstemp  # noqa: PLC0415 - few answers are files

            handle, path = mkstemp(prefix="gentrace-", dir=folder)
            with os.fdopen(handle, "wb", buffering=0) as file:
                for piece in self.stream(PIECE):
                    rest = memoryview(piece)
                    while rest:
                        rest = rest[file.write(rest) :]
            return FileSchema(path)
        except BaseException as error:
            self.close()
            if path is not None:
                os.unlink(path)  # noqa: PTH108 - pathlib has nothing to add
            if not isinstance(error, (OSError, ImportError)):  # the latter as Python ends
                raise
            cause = causes(error)[-1]
        why = f"the answer cannot be saved: {describe(cause)}"
        raise self.refuse(ApiResponseException, why) from cause

    def discard(self) -> None:
        """Free the connection; it is kept if what is left to read is little and comes at once."""
        self._body_file.drain()

    drain_conn = discard

    def tell(self) -> int:
        """Return how many bytes of the body have come in, as they are packed."""
        return self._body_file.received

    def release_conn(self) -> None:
        """Give the connection back if the answer was read whole; close it if not."""
        self._body_file.close()

    def shutdown(self) -> None:
        """End a read that another thread is in: it gets no more."""
        self._body_file.shut_down()

    @property
    def connection(self) -> Any:
        """The connection that the answer comes on, None once it is given back."""
        return self._body_file.connection
