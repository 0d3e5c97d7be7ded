"""The client for asyncio: the same calls, awaited.

    async with AsyncApiClient(configuration) as client:
        answer = await AsyncIngestionApi(client).pipeline_run_post(run)

Each call runs in a worker thread through the blocking client, so that everything promised of a
blocking call holds here too. Validating and encoding a body do not block the event loop either.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from functools import partial
from typing import Any, Literal, Self, overload

from gentrace.api_client import ApiClient, ApiResponseWithoutDeserialization, Operation
from gentrace.configuration import (
    Configuration,
    TimeoutSetting,
    check_flag,
    check_instance,
    hide_arguments,
)
from gentrace.contexts import call_without_gc
from gentrace.exceptions import ApiConnectionException, ApiTimeoutException, ApiValueError
from gentrace.paths.pipeline_run.post import (
    ApiResponseFor200,
    SchemaForRequestBodyApplicationJson,
)
from gentrace.paths.pipeline_run.post import operation as pipeline_run_post
from gentrace.process import Process, current_process
from gentrace.rest.cancellation import Cancellation, current_cancellation
from gentrace.rest.deadline import start_deadline
from gentrace.schemas.frames import line_of_call, line_of_program

__all__ = ["AsyncApiClient", "AsyncIngestionApi"]


class AsyncApiClient:
    """Runs calls in worker threads of its own; a coroutine awaits each call.

    Creating a client opens no socket and starts no thread. A call starts a thread if none is idle,
    up to `Configuration.connection_pool_maxsize` threads; further calls wait for a free one. Once
    that setting changes, calls run in new threads, and the others stay idle until `close`. A call
    sees the context variables of the task that makes it. One client serves any number of event
    loops and threads. A copy or pickle of it has threads and connections of its own.

    Args:
        configuration: where the API is and how to reach it; kept, not copied, so that a later
            change acts from the next call on. None takes `Configuration.get_default_copy()`.
        header_name: name of a header field that goes with every request, None for none.
        header_value: its value.
        cookie: value of the header field `Cookie`, None for none.

    Attributes:
        api_client: the blocking client that carries out the calls: what is set on it, such as
            `default_headers`, acts from the next call on.

    Raises:
        ApiTypeError: an argument of the wrong type.
        ApiValueError: a header field or cookie that cannot be sent; or, without `configuration`, an
            invalid environment variable.

    """

    @hide_arguments
    def __init__(
        self,
        configuration: Configuration | None = None,
        header_name: str | None = None,
        header_value: str | None = None,
        cookie: str | None = None,
    ) -> None:
        self.api_client = ApiClient(configuration, header_name, header_value, cookie)
        self._closings = 0
        # By process, as a fork does not have its parent's threads; by `_closings`; and by size.
        self._pools: dict[tuple[Process, int, int], ThreadPoolExecutor] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncApiClient({self.configuration!r})"

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy or pickle holds: everything but the threads and connections."""
        return {**vars(self), "api_client": copy(self.api_client), "_pools": {}}

    @property
    def configuration(self) -> Configuration:
        """Where the API is and how to reach it."""
        return self.api_client.configuration

    @configuration.setter
    def configuration(self, value: Configuration) -> None:
        self.api_client.configuration = value

    async def close(self) -> None:
        """Wait for the calls in flight, end the threads and close idle connections.

        A later call starts new threads and connections.
        """
        self._closings += 1  # calls from now on have other threads
        for key, pool in self._pools.copy().items():
            process, closings, _ = key
            if process == current_process() and closings < self._closings:
                await _shut_down(pool)
                self._pools.pop(key, None)
        self.api_client.close()

    async def call(self, operation: Operation, **arguments: Any) -> Any:
        """Carry out an operation; the methods of the API classes call this one.

        Args:
            operation: the operation.
            arguments: as `ApiClient.call` takes them, but for `stream=True`.

        Returns:
            The class of the answer that the operation declares.

        Raises:
            ApiTypeError: the body or an argument is of the wrong type.
            ApiValueError: the body or an argument is not allowed.
            ApiException: the call failed.
            asyncio.CancelledError: the awaiting task was cancelled. The call's connection is closed
                and its thread is free within 0.1 s, unless it is resolving a name, connecting, or
                encoding or parsing megabytes.

        """
        if check_flag("stream", arguments.get("stream", False)):
            raise ApiValueError(
                "stream: expected False, as an awaited answer is read to its end; for a streamed "
                "one, call the blocking client by asyncio.to_thread"
            )
        blocking_call = partial(self.api_client.call, operation, **arguments)
        # Started before the wait for a thread, which is part of the call.
        deadline = start_deadline(arguments.get("timeout"), self.configuration.timeout)
        cancel = Cancellation(deadline)
        context = contextvars.copy_context()
        context.run(call_without_gc, current_cancellation.set, cancel)
        context.run(call_without_gc, line_of_call.set, line_of_program())
        try:
            future = self._submit(partial(context.run, blocking_call))
        except (RuntimeError, MemoryError) as error:
            cancel.cancel()  # the pool may have queued the call for a later thread
            raise ApiConnectionException(0, f"no thread can be had: {error}") from error
        answer = asyncio.wrap_future(future)
        try:
            await asyncio.wait([answer], timeout=deadline.remaining())
            if future.cancel():  # True only if no thread has started it
                raise ApiTimeoutException(
                    0,
                    f"the call's {deadline.total:g} s were up while waiting for one of the "
                    "client's threads; connection_pool_maxsize says how many there are",
                )
            return await answer
        except asyncio.CancelledError:
            answer.cancel()
            cancel.cancel()
            raise

    def _submit(self, blocking_call: Callable[[], Any]) -> Future[Any]:
        """Have one of the threads make a call.

        Raises:
            RuntimeError, MemoryError: there is no thread for it.

        """
        size = self.configuration.connection_pool_maxsize
        while True:
            key = current_process(), self._closings, size
            pool = self._pools.get(key)
            if pool is None:
                pool = self._pools.setdefault(key, ThreadPoolExecutor(size, "gentrace-aio"))
            try:
                return pool.submit(blocking_call)
            except RuntimeError as error:
                # Another loop may have closed them. A pool that cannot start a thread has queued
                # the call all the same.
                if "after shutdown" not in str(error):
                    raise


async def _shut_down(pool: ThreadPoolExecutor) -> None:
    """Wait for the calls of the threads, and end the threads."""
    # Not in a thread of the loop's default executor: if no thread can be started, shutting that
    # executor down would fail too.
    closer = ThreadPoolExecutor(1, "gentrace-closing")
    try:
        ended = closer.submit(pool.shutdown)
    except RuntimeError:  # such as when the interpreter ends
        pool.shutdown()
    else:
        closer.shutdown(wait=False)
        await asyncio.wrap_future(ended)


class AsyncIngestionApi:
    """Sending pipeline runs to Gentrace, awaited.

    Args:
        api_client: the client that calls go through.

    Raises:
        ApiTypeError: not a client for asyncio.

    """

    @hide_arguments
    def __init__(self, api_client: AsyncApiClient) -> None:
        expected = "a gentrace.aio.AsyncApiClient"
        self.api_client = check_instance("api_client", api_client, AsyncApiClient, expected)

    @overload
    async def pipeline_run_post(
        self,
        body: SchemaForRequestBodyApplicationJson | Mapping[str, object],
        content_type: str = ...,
        accept_content_types: tuple[str, ...] = ...,
        stream: Literal[False] = ...,
        timeout: TimeoutSetting | None = ...,  # noqa: ASYNC109 - the call's own deadline
        skip_deserialization: Literal[False] = ...,
        *,
        idempotency_key: str | None = ...,
    ) -> ApiResponseFor200: ...
    @overload
    async def pipeline_run_post(
        self,
        body: SchemaForRequestBodyApplicationJson | Mapping[str, object],
        content_type: str = ...,
        accept_content_types: tuple[str, ...] = ...,
        stream: Literal[False] = ...,
        timeout: TimeoutSetting | None = ...,  # noqa: ASYNC109 - the call's own deadline
        skip_deserialization: Literal[True] = ...,
        *,
        idempotency_key: str | None = ...,
    ) -> ApiResponseWithoutDeserialization: ...
    @overload
    async def pipeline_run_post(
        self,
        body: SchemaForRequestBodyApplicationJson | Mapping[str, object],
        content_type: str = ...,
        accept_content_types: tuple[str, ...] = ...,
        stream: Literal[False] = ...,
        timeout: TimeoutSetting | None = ...,  # noqa: ASYNC109 - the call's own deadline
        skip_deserialization: bool = ...,
        *,
        idempotency_key: str | None = ...,
    ) -> ApiResponseFor200 | ApiResponseWithoutDeserialization: ...
    async def pipeline_run_post(  # noqa: PLR0913, PLR0917 - the parameters of the contract
        self,
        body: SchemaForRequestBodyApplicationJson | Mapping[str, object],
        content_type: str = "application/json",
        accept_content_types: tuple[str, ...] = (
            "application/json; charset=utf-8",
            "application/json",
        ),
        stream: bool = False,
        timeout: TimeoutSetting | None = None,  # noqa: ASYNC109 - the call's own deadline
        skip_deserialization: bool = False,
        *,
        idempotency_key: str | None = None,
    ) -> ApiResponseFor200 | ApiResponseWithoutDeserialization:
        """Create a pipeline run: `POST /pipeline-run` of the document.

        A worker thread checks and encodes the body, so it must not change until the call returns.

        Args:
            body: the run: a model, or a mapping that makes one, by Python names or wire names.
            content_type: media type of the body.
            accept_content_types: media types that the client accepts, for the header `Accept`.
            stream: False; an awaited answer is read to its end.
            timeout: seconds: a number for the whole call, `(connect, read)` for each operation, or
                `(connect, read, total)`. None takes `Configuration.timeout`.
            skip_deserialization: whether to return the raw answer, its body read.
            idempotency_key: key that makes this call the same as another one with that key, for a
                server that knows the header `Idempotency-Key`. None makes a new one.

        Returns:
            The stored run's id in `body`; with `skip_deserialization`, the raw answer.

        Raises:
            ApiTypeError: the body or an argument is of the wrong type, or lacks a property.
            ApiValueError: the body or an argument is not allowed.
            ApiException: the call failed; its attributes say how.

        """
        answer: ApiResponseFor200 | ApiResponseWithoutDeserialization = await self.api_client.call(
            pipeline_run_post,
            body=body,
            content_type=content_type,
            accept_content_types=accept_content_types,
            stream=stream,
            timeout=timeout,
            skip_deserialization=skip_deserialization,
            idempotency_key=idempotency_key,
        )
        return answer
