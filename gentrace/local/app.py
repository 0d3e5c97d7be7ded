"""The routes: what is asked, what is checked, what is stored and what is answered.

    POST /api/v1/pipeline-run        {"pipelineRunId": ...}
    GET  /api/v1/pipeline-runs       {"pipelineRuns": [RUN, ...]}, newest first
    GET  /api/v1/pipeline-runs/ID    RUN
    DELETE /api/v1/pipeline-runs/ID  nothing, with status 204
    GET  /healthz                    {"status": "ok"}

RUN is {"pipelineRunId": ..., "createdAt": ..., "name": ..., "pipelineRun": the body as sent}.
Errors are {"error": what is wrong, "at": where}.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from contextlib import AbstractAsyncContextManager, nullcontext
from email.message import Message
from typing import Final, TypeVar, TypeVarTuple

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from gentrace.local.checks import RunChecker, decompress, same_value
from gentrace.local.gate import HEALTH
from gentrace.local.refusal import Answer, Refusal
from gentrace.local.store import END, StorageFullError, Store, StoredRun

API: Final = "/api/v1"
DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 1000
# Bytes beyond which a body waits for its turn.
LARGE: Final = 2**20
NOT_FOUND: Final = 404
NOT_ALLOWED: Final = 405

R = TypeVar("R")
Ts = TypeVarTuple("Ts")


class PipelineRuns:
    """The endpoints over one store.

    Whatever takes long, such as checking a body or waiting for the disk, is done in `workers`.
    `max_body` is in bytes, `timeout` is the time a body may take to arrive, and then to be checked,
    in seconds.
    """

    def __init__(self, store: Store, workers: Executor, max_body: int, timeout: float) -> None:
        self._store = store
        self._workers = workers
        self._max_body = max_body
        self._timeout = timeout
        self._checker = RunChecker(timeout)
        self._turn = asyncio.Lock()

    def app(self) -> Starlette:
        """Route the endpoints, as an ASGI application."""
        app = Starlette(
            routes=[
                Route(f"{API}/pipeline-run", self.create, methods=["POST"]),
                Route(f"{API}/pipeline-runs", self.list),
                Route(f"{API}/pipeline-runs/{{id}}", self.get),
                Route(f"{API}/pipeline-runs/{{id}}", self.delete, methods=["DELETE"]),
                Route(HEALTH, self.health),
            ],
            exception_handlers={
                Refusal: _refused,
                HTTPException: _unrouted,
                Exception: _failed,
            },
        )
        app.router.redirect_slashes = False
        return app

    async def create(self, request: Request) -> Response:
        """Store a run; answered only when it is on disk."""
        packed = _encoding(request)
        if not _is_json(_header(request, "content-type") or ""):
            raise Refusal(415, "the body must be application/json in UTF-8", "Content-Type")
        key = _header(request, "idempotency-key")
        if key == "":
            raise Refusal(400, "the idempotency key is empty", "Idempotency-Key")
        body = await self._body(request)
        # A parsed body takes many times the memory of its text, so one large one at a time.
        large = packed or len(body) > LARGE
        turn: AbstractAsyncContextManager[None] = self._turn if large else nullcontext()
        async with turn:
            stored = await self._work(self._add, body, packed, key)
        return Answer({"pipelineRunId": stored.id})

    async def list(self, request: Request) -> Response:
        """Give the newest runs back."""
        limit = _query(request, "limit") or str(DEFAULT_LIMIT)
        if not re.fullmatch("[0-9]{1,4}", limit, re.ASCII) or not 1 <= int(limit) <= MAX_LIMIT:
            raise Refusal(400, f"limit is a number from 1 to {MAX_LIMIT}", "limit")
        before = _query(request, "before")
        position = END if before is None else await self._work(self._store.position, before)
        if position is None:
            raise Refusal(400, "before is the id of a stored run", "before")
        listing = self._listing(position, int(limit))
        return StreamingResponse(listing, media_type=Answer.media_type)

    async def get(self, request: Request) -> Response:
        """Give one run back."""
        run = await self._work(self._store.get, request.path_params["id"])
        if run is None:
            raise Refusal(404, "there is no pipeline run of that id")
        return Response(_spelled(run), media_type=Answer.media_type)

    async def delete(self, request: Request) -> Response:
        """Forget one run."""
        if not await self._work(self._store.delete, request.path_params["id"]):
            raise Refusal(404, "there is no pipeline run of that id")
        return Response(status_code=204)

    async def health(self, _request: Request) -> Response:
        """Say that the server is up."""
        return Answer({"status": "ok"})

    def stop(self) -> None:
        """Give up what the workers are at, as far as it can be."""
        self._checker.stop()

    async def _work(self, task: Callable[[*Ts], R], *args: *Ts) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._workers, task, *args)

    async def _body(self, request: Request) -> bytes:
        too_large = Refusal(413, f"the body is larger than {self._max_body} bytes")
        announced = request.headers.get("content-length", "0")
        if int(announced) > self._max_body:
            raise too_large
        body = bytearray()
        try:
            async with asyncio.timeout(self._timeout):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > self._max_body:
                        raise too_large
        except TimeoutError:
            raise Refusal(
                408, f"the body did not arrive within {self._timeout:g} seconds"
            ) from None
        except ClientDisconnect:
            raise Refusal(400, "the body ended early") from None
        return bytes(body)

    def _add(self, body: bytes, packed: bool, key: str | None) -> StoredRun:
        if packed:
            body = decompress(body, self._max_body)
        text, name = self._checker.check(body)
        try:
            stored = self._store.add(name, text, key)
        except StorageFullError as error:
            raise Refusal(507, f"the run was not stored: {error}") from error
        if not same_value(stored.body, text):
            words = "this idempotency key was used before, with another body"
            raise Refusal(409, words, "Idempotency-Key")
        return stored

    async def _listing(self, position: int, limit: int) -> AsyncIterator[bytes]:
        # One run at a time: a thousand large ones would not fit in memory.
        yield b'{"pipelineRuns": ['
        comma = b""
        while limit and (found := await self._work(self._store.newest, position)):
            position, run = found
            yield comma + _spelled(run)
            comma = b", "
            limit -= 1
        yield b"]}"


def _spelled(run: StoredRun) -> bytes:
    # The body goes out as it came in: parsing it would change how its numbers are spelled.
    head = {"pipelineRunId": run.id, "createdAt": run.created_at, "name": run.name}
    return f'{json.dumps(head)[:-1]}, "pipelineRun": {run.body}}}'.encode()


def _header(request: Request, name: str) -> str | None:
    values = request.headers.getlist(name)
    if len(values) > 1:
        raise Refusal(400, "the header is given more than once", name.title())
    return values[0] if values else None


def _query(request: Request, name: str) -> str | None:
    values = request.query_params.getlist(name)
    if len(values) > 1:
        raise Refusal(400, "the parameter is given more than once", name)
    return values[0] if values else None


def _is_json(content_type: str) -> bool:
    message = Message()
    message["Content-Type"] = content_type
    # As it stands: what cannot be decoded in it would count as missing.
    charset = str(message.get_param("charset", "utf-8"))
    is_utf8 = charset.lower() in ("utf-8", "utf8")
    return message.get_content_type() == "application/json" and is_utf8


def _encoding(request: Request) -> bool:
    """Whether the body is gzip; anything else but plain is refused."""
    coding = (_header(request, "content-encoding") or "identity").strip().lower()
    if coding not in ("identity", "gzip", "x-gzip"):
        words = "the body may be plain or gzip"
        raise Refusal(415, words, "Content-Encoding", {"Accept-Encoding": "gzip, identity"})
    return coding != "identity"


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 - registered for this class
    return error.answer()


async def _unrouted(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    words = {NOT_FOUND: "there is nothing at this path", NOT_ALLOWED: "this path has other methods"}
    return Refusal(error.status_code, words[error.status_code], headers=error.headers).answer()


async def _failed(_request: Request, _error: Exception) -> Response:
    # uvicorn closes the connection of a request that raised; this lets its client know.
    words = "the server failed; its log says why"
    return Refusal(500, words, headers={"Connection": "close"}).answer()
