"""The raw answer that callers get."""

from __future__ import annotations

import http.client
import os
import socket
import sys
from collections.abc import Generator
from contextlib import suppress
from functools import partial
from io import BytesIO, FileIO
from typing import TYPE_CHECKING, Any, Self, cast

import urllib3

from gentrace.clock import now
from gentrace.configuration.secrets import mask_bytes, mask_text
from gentrace.exceptions import (
    ApiException,
    ApiResponseException,
    ApiResponseTooLargeException,
    exception_class,
)
from gentrace.operations import ApiResponseWithoutDeserialization
from gentrace.operations.operation import is_success
from gentrace.process import fork_safe_imports
from gentrace.rest.budgeted_reader import BudgetError
from gentrace.rest.decoding import DecodingError, Readable, Tee, decompress
from gentrace.rest.error_details import causes, detach_cause, format_error, partial_body, set_cause
from gentrace.rest.failures import is_failure, raise_failure, to_exception
from gentrace.rest.retries import parse_retry_after
from gentrace.rest.tls_errors import is_truncation
from gentrace.schemas import FileSchema, decode

if TYPE_CHECKING:
    from gentrace.rest.attempt import Attempt
    from gentrace.rest.framing import RawResponse
    from gentrace.rest.tool_answer import ToolAnswer

PIECE = 64 * 1024
"""The most bytes of a body that are read at a time."""


class HTTPResponse(urllib3.HTTPResponse):
    """A raw answer; errors while it is read are `ApiException`s.

    Closing it, leaving its `with` block, `release_conn()` and dropping the last reference return
    its connection to the pool; the connection is closed if the body was not read to its end.

    Args:
        source: the answer on the connection, or that of a tool.
        attempt: the attempt that it answers.

    Attributes:
        idempotency_key: key of the request, None where it had none.
        tries: how many requests were sent for this answer.

    """

    def __enter__(self) -> Self:
        """Return this answer, also when its body was read: Python's files raise ValueError then."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and deep-copy as None: a connection can be neither pickled nor copied."""
        return type(None), ()

    _is_released = True  # an interrupt in the constructor leaves an object with nothing to release

    def __init__(self, source: RawResponse | ToolAnswer, attempt: Attempt) -> None:
        self._source = source
        self._attempt = attempt
        self._state = state = attempt.state
        self._reader: Readable | None = None
        self._tee: Tee | None = None
        self._undecodable: BytesIO | None = None  # a body that cannot be decompressed, as it came
        self._piece = b""  # in no local, which tracebacks show: a server may repeat the token
        self._content: bytes | None = None
        self.idempotency_key = state.idempotency_key
        self.tries = state.tries
        super().__init__(
            body=cast("Any", source),
            headers=source.headers,
            status=source.status,
            version=source.version,
            version_string=_VERSIONS.get(source.version, "HTTP/?"),
            reason=source.reason,
            preload_content=False,
            request_url=state.target,
            enforce_content_length=False,  # the source does
        )
        self._encoding = source.headers.get("Content-Encoding", "")
        # Not for a compressed body: urllib3 compares it with the number of decompressed bytes.
        self.length_remaining = None if self.chunked or self._encoding else source.remaining
        self._is_released = False

    @property
    def retry_after(self) -> float | None:
        """Seconds that the server asks to wait; None if it does not, or the value is malformed."""
        return parse_retry_after(self.headers)

    @property
    def closed(self) -> bool:
        """Whether it was read to its end or closed; Python's readers refuse a closed file."""
        return self._is_released and super().closed

    @property
    def data(self) -> bytes:
        """The whole body."""
        return self.read(cache_content=True) if self._content is None else self._content

    def load(self) -> bytes:
        """Read and return the whole body, up to `Configuration.max_response_body`.

        Raises:
            ApiResponseTooLargeException: it is larger; its `body` is the part within the bound.
            ApiConnectionException: it is truncated, or the deadline has passed.
            ApiException: it cannot be read; `body` has what was received.

        """
        if self._content is None:
            content = BytesIO()
            limit = self._state.max_response_body
            if self._encoding:
                self._tee = Tee(self._source, min(limit, _MAX_TEE))
            try:
                while content.tell() <= limit and content.write(self.read1()):
                    pass
                if content.tell() > limit:
                    self.close()
                    content.truncate(limit)
                    why = f"the answer is larger than max_response_body, {limit} bytes"
                    raise self.make_error(ApiResponseTooLargeException, why)
            except MemoryError:
                self.close()
                content.close()
                why = "no memory is left to read it"
                raise self.make_error(ApiResponseException, why) from None
            except ApiException as error:
                if self._undecodable is None:  # else the error has it
                    content.write(error.body)
                    error.body = mask_bytes(content, self._state.secrets)
                if error.api_response is not None:
                    self._content = error.body
                raise
            self._content = content.getvalue()
            self._reader = self._tee = None
        return self._content

    def make_error(self, kind: type[ApiException], why: str, body: bytes = b"") -> ApiException:
        """Build the error of this answer, which cannot be read; the caller raises it.

        Its `api_response` is of the class that the operation documents for the status.
        """
        failure = self._state.make_error(self, kind, why, body)
        self.reason = mask_text(self.reason or "", self._state.secrets)
        responses = {} if is_success(self.status) else self._state.responses or {}
        found = responses.get(self.status)
        answer = ApiResponseWithoutDeserialization if found is None else found.response_cls
        failure.api_response = answer(self)
        return failure

    def describe(self, error: ApiException) -> ApiException:
        """Add the details of this answer to an exception, with secrets masked; return it."""
        return self._state.describe(self, error)

    def log(self, text: str) -> None:
        """Write to the log, with secrets masked."""
        self._state.log("%s", text)

    def hide_secrets(self) -> None:
        """Load the body, and mask the call's secrets in it and in the reason."""
        self.reason = mask_text(self.reason or "", self._state.secrets)
        self._content = mask_bytes(BytesIO(self.load()), self._state.secrets)

    def lift_deadline(self) -> None:
        """Bound the body by the time-out of each read alone, unless a total was set for streams."""
        if not self._attempt.deadline.covers_stream:
            self._attempt.lift_deadline()

    def read(
        self,
        amt: int | None = None,
        decode_content: bool | None = None,
        cache_content: bool = False,
    ) -> bytes:
        """Read as urllib3 does; see `read1` for what it raises."""
        is_first = not self._source.received
        size = sys.maxsize if amt is None or amt < 0 else amt
        content = BytesIO()
        while content.write(self.read1(size - content.tell(), decode_content)):
            pass
        if cache_content and size == sys.maxsize and is_first:
            self._content = content.getvalue()
        return content.getvalue()

    def read1(self, amt: int | None = None, decode_content: bool | None = None) -> bytes:
        """Return available bytes of the body, as urllib3 does; none at its end.

        Args:
            amt: the most bytes to return, at most `PIECE`; None for `PIECE`.
            decode_content: whether to undo the Content-Encoding; None does. Only the first read
                decides.

        Raises:
            ApiException: the body cannot be read, or is truncated.

        """
        size = PIECE if amt is None or amt < 0 else min(amt, PIECE)
        if not size:
            return b""
        try:
            self._read_piece(size, decode_content)
            if self.length_remaining is not None:
                self.length_remaining = self._source.remaining
            return self._pop_piece()
        except BaseException as error:
            self.close()
            if not is_failure(error, self._attempt):
                raise
            raise_failure(self._to_exception(error))

    def _read_piece(self, size: int, decode_content: bool | None) -> None:
        """Read into `_piece`; release the connection at the end of the body."""
        try:
            if self._reader is None:
                is_decoded = self.decode_content if decode_content is None else decode_content
                source = self._tee or self._source
                self._reader = decompress(source, self._encoding if is_decoded else "")
            self._piece = self._reader.read1(size)
        except DecodingError:
            self._tee_rest()
            raise
        if not self._piece or (self._reader is self._source and self._source.isclosed()):
            self.release_conn()

    def _tee_rest(self) -> None:
        """Read the rest of a body that cannot be decompressed, as far as it is available."""
        if self._tee is not None:
            self._undecodable = self._tee.kept
            self._set_drain_timeout()
            try:
                self._tee.read_rest()
            except BaseException as error:
                if not is_failure(error, self._attempt):
                    raise

    def _pop_piece(self) -> bytes:
        try:
            return self._piece
        finally:
            self._piece = b""

    def _to_exception(self, error: BaseException) -> ApiException:
        cause = detach_cause(error)
        partial = self._undecodable or partial_body(cause, error)
        kind = exception_class(self.status)
        is_late = self._attempt.deadline.has_passed()
        is_lost = isinstance(cause, (OSError, http.client.IncompleteRead, MemoryError))
        if isinstance(cause, (BudgetError, http.client.LineTooLong)):
            kind = ApiResponseTooLargeException
            why = "more bytes came around its body than an answer may have"
        elif is_truncation(cause) and self._source.remaining is None and not is_late:
            why = "its connection was closed in the middle of TLS, and nothing says where it ends"
        elif not is_lost and (self._undecodable or not is_late):
            why = f"it cannot be read: {format_error(cause)}"
        else:
            self._attempt.phase = f"reading the answer {self.status}"
            failure = to_exception(cause, self._attempt)
            failure.body = partial.getvalue()
            return self.describe(failure)
        failure = self.make_error(kind, why, partial.getvalue())
        set_cause(failure, cause, self._state.secrets)
        return failure

    def stream(
        self, amt: int | None = PIECE, decode_content: bool | None = None
    ) -> Generator[bytes]:
        """Yield pieces of the body as soon as they arrive; see `read1` for what it raises.

        Args:
            amt: the most bytes of a piece; None for the whole body in one.
            decode_content: whether to undo the Content-Encoding; None does.

        """
        read = self.read if amt is None else self.read1
        while piece := read(amt, decode_content):
            yield piece

    read_chunked = stream

    def json(self) -> Any:
        """Return the value of a JSON body; raise ApiException if the body is not JSON."""
        try:
            return decode(self.data)
        except ValueError as error:
            why = f"the body is not JSON in UTF-8: {format_error(error)}"
        # Outside of the except block: the error above, which holds the body, is not chained.
        raise self.make_error(exception_class(self.status), why, self.data)

    def save(self, folder: str | None) -> FileSchema:
        """Save the body to a file with a random name; return the file.

        Args:
            folder: where to save it; None is the system's folder for temporary files.

        Raises:
            ApiException: the body is truncated or cannot be written; the file is removed.

        """
        self.lift_deadline()
        path = ""
        unwritten: bytes | memoryview
        try:
            with fork_safe_imports():
                from tempfile import gettempdir  # noqa: PLC0415 - few answers are files

            # Not by `mkstemp`: an interrupt inside it would leave the file, open.
            name = f"gentrace-{os.urandom(16).hex()}"
            path = os.path.abspath(os.path.join(folder or gettempdir(), name))  # noqa: PTH100, PTH118 - pathlib has nothing to add
            with FileIO(path, "x", opener=partial(os.open, mode=0o600)) as file:
                for piece in self.stream(PIECE):
                    unwritten = memoryview(piece)
                    while unwritten:
                        unwritten = unwritten[file.write(unwritten) :]
            return FileSchema(path)
        except BaseException as error:
            self.close()
            # The traceback keeps this frame; the body may repeat the token.
            piece = unwritten = b""
            with suppress(OSError):  # it was not created, or removed meanwhile
                os.unlink(path)  # noqa: PTH108 - likewise
            if not is_failure(error, self._attempt):
                raise
            cause = causes(error)[-1]
        where = path and f" as {path}"
        why = f"the answer cannot be saved{where}: {format_error(cause)}; check temp_folder_path"
        raise self.make_error(ApiResponseException, why) from cause

    def drain_conn(self) -> None:
        """Release the connection; to reuse it, read the rest first if that is short and quick."""
        try:
            if self._source.remaining is not None and self._source.remaining <= PIECE:
                self._set_drain_timeout()
                end = now() + _DRAIN_TIMEOUT
                while now() < end and self._source.read1(PIECE):
                    pass
        except BaseException as error:
            if not is_failure(error, self._attempt):
                raise
        finally:
            self.close()

    def _set_drain_timeout(self) -> None:
        self._attempt.timeout = _DRAIN_TIMEOUT
        self._attempt.set_socket_timeout(_DRAIN_TIMEOUT)

    def tell(self) -> int:
        """Return how many bytes of the body were received, before decompression."""
        return self._source.received

    def shutdown(self) -> None:
        """End a read in another thread: it receives no more bytes."""
        self._attempt.shut_down(socket.SHUT_RD)

    def release_conn(self) -> None:
        """Return the connection to the pool; close it if the body was not read to its end."""
        if self._is_released:
            return
        self._is_released = True
        try:
            if not self._source.isclosed():
                self._source.close()
            is_kept = self._attempt.finish() and self._source.is_complete
            if self.connection is not None and not is_kept:
                self.connection.close()
            super().release_conn()
        except BaseException:  # such as Ctrl-C: the pool may have lost a connection
            self._state.route.retire()
            raise

    def close(self) -> None:
        """Close the answer and release its connection."""
        try:
            self.release_conn()
        finally:
            super().close()

    def __del__(self) -> None:
        self.release_conn()


_MAX_TEE = 4 * 1024 * 1024
"""How many bytes of a compressed body are kept as they came, beside the decompressed ones."""

_DRAIN_TIMEOUT = 0.25
"""Seconds to wait for the rest of an answer that is not needed."""

_VERSIONS = {10: "HTTP/1.0", 11: "HTTP/1.1"}
