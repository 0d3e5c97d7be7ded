"""The client that carries out calls: each is prepared, sent and read."""

from __future__ import annotations

# Here and not in the first call: ssl derives from socket.socket, which a test tool such as
# pytest-socket may have replaced by then.
import ssl  # noqa: F401 # pyright: ignore[reportUnusedImport]
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Self, overload

from gentrace.clock import now
from gentrace.configuration import (
    Configuration,
    TimeoutSetting,
    check_flag,
    check_instance,
    check_positive,
    check_timeout,
    hide_arguments,
)
from gentrace.exceptions import ApiConnectionException
from gentrace.operations import (
    ApiResponse,
    ApiResponseWithoutDeserialization,
    ClientHeaders,
    DefaultHeaders,
    HeaderParameter,
    MediaType,
    OpenApiResponse,
    Operation,
    PathParameter,
    QueryParameter,
    RequestBody,
    prepare,
    prepare_raw,
    read_answer,
)
from gentrace.operations.operation import is_success
from gentrace.process import Process, current_process, fork_safe_imports
from gentrace.schemas import Unset, unset

if TYPE_CHECKING:
    from multiprocessing.pool import AsyncResult

    from gentrace.rest import HTTPResponse, RestClient
    from gentrace.rest.threads import CallThreads

__all__ = [
    "Api",
    "ApiClient",
    "ApiResponse",
    "ApiResponseWithoutDeserialization",
    "DefaultHeaders",
    "HeaderParameter",
    "MediaType",
    "OpenApiResponse",
    "Operation",
    "PathParameter",
    "QueryParameter",
    "RequestBody",
]


class ApiClient(ClientHeaders):
    """Carries out calls: prepares requests, sends them and reads the answers.

    Making one opens no socket and starts no thread. One client serves any number of threads; it
    survives a fork. A copy or pickle of it has its settings, and connections of its own; a copy
    shares its configuration, a deep copy has one of its own.

    Args:
        configuration: where the API is and how to reach it; kept, not copied, so that a later
            change acts from the next call on. None takes `Configuration.get_default_copy()`.
        header_name: name of a header field that goes with every request, None for none.
        header_value: its value.
        cookie: value of the header field `Cookie`, None for none.
        pool_threads: threads for calls with `async_req=True`; started with the first of them.

    Raises:
        ApiTypeError: an argument of the wrong type.
        ApiValueError: a header field or cookie that cannot be sent; or, without `configuration`, an
            invalid environment variable.

    """

    _not_copied = ("_rest_clients", "_threads")

    @hide_arguments
    def __init__(
        self,
        configuration: Configuration | None = None,
        header_name: str | None = None,
        header_value: str | None = None,
        cookie: str | None = None,
        pool_threads: int = 1,
    ) -> None:
        super().__init__(configuration, header_name, header_value, cookie)
        self.pool_threads = pool_threads
        # By process: after a fork, the child opens connections and starts threads of its own.
        self._rest_clients: dict[Process, RestClient] = {}
        self._threads: dict[Process, CallThreads] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Wait for the calls of the threads, end the threads and close idle connections."""
        threads = self._threads.pop(current_process(), None)
        if threads is not None:
            threads.close()
        rest_client = self._rest_clients.get(current_process())
        if rest_client is not None:
            rest_client.close()

    def __repr__(self) -> str:
        # A traceback may show a client whose arguments were refused: it has no configuration.
        return f"ApiClient({getattr(self, '_configuration', None)!r})"

    @property
    def pool_threads(self) -> int:
        """Number of threads for calls with `async_req=True`, which the first such call starts."""
        return self._pool_threads

    @pool_threads.setter
    def pool_threads(self, value: int) -> None:
        self._pool_threads = check_positive("pool_threads", value)

    def call(  # noqa: PLR0913 - the arguments of a call
        self,
        operation: Operation,
        *,
        body: object = unset,
        arguments: Mapping[str, object] | None = None,
        content_type: str | Unset = unset,
        accept_content_types: Sequence[str] | Unset = unset,
        stream: bool = False,
        timeout: TimeoutSetting | None = None,
        skip_deserialization: bool = False,
        idempotency_key: str | None = None,
    ) -> Any:
        """Carry out an operation; the methods of the tag and path classes call this.

        Args:
            operation: the operation.
            body: its body, `unset` for none.
            arguments: its parameters by name, None for none; those that are `unset` are left out.
            content_type: media type of `body`; `unset` is the first one that is declared.
            accept_content_types: media types for `Accept`; `unset` accepts what is declared.
            stream: whether to leave the body of a raw answer unread, or to save one of a binary
                media type to a file; any other body is read in pieces.
            timeout: seconds, as `Configuration.timeout`; None takes that.
            skip_deserialization: whether to return the raw answer; its body is read unless
                `stream`.
            idempotency_key: key that makes this call the same as another; None makes a new one.

        Returns:
            The answer, in the response class that the operation declares.

        Raises:
            ApiTypeError: the body or an argument is of the wrong type.
            ApiValueError: the body or an argument is not allowed.
            ApiException: the call failed.

        """
        began = now()  # the first call loads the transport, which takes some of its time
        check_flag("stream", stream)
        check_flag("skip_deserialization", skip_deserialization)
        if timeout is not None:
            check_timeout("timeout", timeout)
        # Read once: another thread may replace it, and its proxy and TLS are for its own token.
        configuration = self._configuration
        request = prepare(
            operation,
            self,
            configuration,
            body=body,
            arguments=arguments,
            content_type=content_type,
            accept_content_types=accept_content_types,
            idempotency_key=idempotency_key,
        )
        # A body that is parsed is read whole, as long as the call can be retried.
        leave_unread = stream and (skip_deserialization or operation.has_file)
        transport = self._transport(configuration)
        raw = transport.send(request, configuration, timeout, began, stream=leave_unread)
        if skip_deserialization and is_success(raw.status):
            if stream:
                raw.lift_deadline()
            return ApiResponseWithoutDeserialization(raw)
        folder = configuration.temp_folder_path
        return read_answer(operation, request, raw, stream=stream, folder=folder)

    @overload
    def call_api(  # pyright: ignore[reportOverlappingOverload] - without the flag, this one
        self,
        resource_path: str,
        method: str,
        headers: Mapping[str, str] | None = ...,
        body: str | bytes | None = ...,
        fields: Sequence[tuple[str, str]] | None = ...,
        auth_settings: Sequence[str] | None = ...,
        async_req: Literal[False] | None = ...,
        stream: bool = ...,
        timeout: TimeoutSetting | None = ...,
        host: str | None = ...,
        *,
        idempotency_key: str | None = ...,
    ) -> HTTPResponse: ...
    @overload
    def call_api(
        self,
        resource_path: str,
        method: str,
        headers: Mapping[str, str] | None = ...,
        body: str | bytes | None = ...,
        fields: Sequence[tuple[str, str]] | None = ...,
        auth_settings: Sequence[str] | None = ...,
        async_req: Literal[True] = ...,
        stream: bool = ...,
        timeout: TimeoutSetting | None = ...,
        host: str | None = ...,
        *,
        idempotency_key: str | None = ...,
    ) -> AsyncResult[HTTPResponse]: ...
    @overload
    def call_api(
        self,
        resource_path: str,
        method: str,
        headers: Mapping[str, str] | None = ...,
        body: str | bytes | None = ...,
        fields: Sequence[tuple[str, str]] | None = ...,
        auth_settings: Sequence[str] | None = ...,
        async_req: bool | None = ...,
        stream: bool = ...,
        timeout: TimeoutSetting | None = ...,
        host: str | None = ...,
        *,
        idempotency_key: str | None = ...,
    ) -> HTTPResponse | AsyncResult[HTTPResponse]: ...
    @hide_arguments
    def call_api(  # noqa: PLR0913, PLR0917 - the parameters that users of such clients know
        self,
        resource_path: str,
        method: str,
        headers: Mapping[str, str] | None = None,
        body: str | bytes | None = None,
        fields: Sequence[tuple[str, str]] | None = None,
        auth_settings: Sequence[str] | None = None,
        async_req: bool | None = None,
        stream: bool = False,
        timeout: TimeoutSetting | None = None,
        host: str | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Any:
        """Send a request that belongs to no operation; return the raw answer of any status.

        Args:
            resource_path: path below the host, escaped, with its query if any.
            method: HTTP method.
            headers: header fields; they override the client's own of those names.
            body: the body; a string is sent as UTF-8; None for none.
            fields: names and values of a form, in place of a body.
            auth_settings: names of the security schemes to use; None is all of the document's,
                or none if `host` is given.
            async_req: whether to return at once, with an `AsyncResult` of a pool of
                `pool_threads` threads.
            stream: whether to leave the body of the answer unread.
            timeout: seconds, as `Configuration.timeout`; None takes that.
            host: base address in place of the configuration's; this client's cookie and its
                default header fields that carry secrets do not go there.
            idempotency_key: key that makes this call the same as another; None makes a new one.

        Returns:
            An `HTTPResponse`; with `async_req`, an `AsyncResult` of one.

        Raises:
            ApiTypeError: an argument of the wrong type.
            ApiValueError: an argument that is not allowed.
            ApiException: no complete answer came.

        """
        check_flag("stream", stream)
        is_async = async_req is not None and check_flag("async_req", async_req)
        if timeout is not None:
            check_timeout("timeout", timeout)
        configuration = self._configuration  # read once: another thread may replace it
        # Before a thread takes it: what changes from now on is for later calls.
        request = prepare_raw(
            self,
            configuration,
            method=method,
            target=resource_path,
            headers=headers,
            body=body,
            fields=fields,
            auth=auth_settings,
            host=host,
            idempotency_key=idempotency_key,
        )

        def send() -> HTTPResponse:
            began = now()
            transport = self._transport(configuration)
            raw = transport.send(request, configuration, timeout, began, stream=stream)
            if stream:
                raw.lift_deadline()
            return raw

        return self._call_threads().submit(send) if is_async else send()

    def _transport(self, configuration: Configuration) -> RestClient:
        """Return the transport of this process; the first call makes it.

        Raises:
            ApiConnectionException: it cannot be loaded.
            ApiValueError: a setting cannot be used.

        """
        process = current_process()
        transport = self._rest_clients.get(process)
        if transport is None:
            with _loading():
                from gentrace.rest import RestClient  # noqa: PLC0415 - urllib3 is slow to import
            transport = self._rest_clients.setdefault(process, RestClient(configuration))
        return transport

    def _call_threads(self) -> CallThreads:
        """Return the threads of this process; the first call makes them."""
        process = current_process()
        threads = self._threads.get(process)
        if threads is None:
            with _loading():
                from gentrace.rest.threads import CallThreads  # noqa: PLC0415 - few calls need them

                # Look again: another thread may have made them while this one waited for the lock.
                threads = self._threads.get(process)
                if threads is None:
                    threads = self._threads[process] = CallThreads(self._pool_threads)
        return threads


class Api:
    """The base of the tag and path classes.

    Args:
        api_client: the client that calls go through; None makes one of the default configuration.

    Raises:
        ApiTypeError: not a client.
        ApiValueError: without `api_client`, an invalid environment variable.

    """

    @hide_arguments  # a wrong argument may be the token
    def __init__(self, api_client: ApiClient | None = None) -> None:
        self.api_client = ApiClient() if api_client is None else check_client(api_client)


def check_client(value: object) -> ApiClient:
    """Return a client that was given as `api_client`; ApiTypeError if it is not one."""
    expected = "a gentrace.ApiClient, such as ApiClient(configuration) makes"
    return check_instance("api_client", value, ApiClient, expected)


@contextmanager
def _loading() -> Generator[None]:
    """Let forks wait while the transport loads, and word its failures.

    Raises:
        ApiConnectionException: no file can be opened, or the interpreter is ending.
        TimeoutError: a signal handler raised it.

    """
    try:
        with fork_safe_imports():
            yield
    except (ImportError, OSError, ValueError, MemoryError) as error:
        if isinstance(error, TimeoutError) and error.errno is None:
            raise  # no import raises a bare one
        raise ApiConnectionException(0, f"the transport cannot load: {error}") from error


def _restore(kind: type[ApiClient], *settings: Any) -> ApiClient:  # pyright: ignore[reportUnusedFunction]
    """Return the client of a pickle of version 2.0.0, which refers to this function."""
    configuration, fields, cookie, pool_threads = settings
    client = kind(configuration, cookie=cookie, pool_threads=pool_threads)
    client.default_headers.update(fields)
    return client
