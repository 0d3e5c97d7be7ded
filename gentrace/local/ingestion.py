"""Storing runs: POST /pipeline-run.

The response is sent when the run is on disk; a run that gets an error response is not stored.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import nullcontext
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from gentrace.local.byte_budget import ByteBudget
from gentrace.local.cancellation import Cancellation
from gentrace.local.checks import RunChecker
from gentrace.local.cpu_budget import CpuBudget
from gentrace.local.gzip_body import decompress
from gentrace.local.requests import has_gzip_body, is_json, single_header
from gentrace.local.responses import ApiResponse, RequestError, shorten
from gentrace.local.strict_json import same_value
from gentrace.local.summaries import Summary, summarize
from gentrace.local.threads import ThreadPool
from gentrace.local.writing import StoredRun, Writer

# Bodies with more bytes are parsed one at a time.
LARGE_BODY: Final = 2**20
# The byte budget: how many bodies of the maximum size fit, and its minimum in bytes.
MAX_BODIES: Final = 2
MIN_BUDGET: Final = 2**26

logger = logging.getLogger("gentrace.local")


class Ingestion:
    """The endpoint that stores runs; `max_body` is in bytes.

    `timeout` is in seconds: how long a body may take to arrive, and then to be checked. Checking
    and writing happen in `workers`.
    """

    def __init__(self, writer: Writer, workers: ThreadPool, max_body: int, timeout: float) -> None:
        self._writer = writer
        self._workers = workers
        self._max_body = max_body
        self._timeout = timeout
        self._cpu_budget = CpuBudget(timeout)
        self._checker = RunChecker(self._cpu_budget)
        self._byte_budget = ByteBudget(max(MAX_BODIES * max_body, MIN_BUDGET))
        self._large_body_lock = asyncio.Lock()

    async def create(self, request: Request) -> Response:
        """Store a run; respond when it is on disk."""
        is_gzip = has_gzip_body(request)
        if not is_json(single_header(request, "content-type") or ""):
            raise RequestError(415, "the body must be application/json in UTF-8", "Content-Type")
        key = single_header(request, "idempotency-key")
        if key == "":
            raise RequestError(400, "the idempotency key is empty", "Idempotency-Key")
        with self._byte_budget.reserve() as hold:
            body = await self._read_body(request, hold)
            # A parsed body takes many times the memory of its text.
            is_large = is_gzip or len(body) > LARGE_BODY
            async with self._large_body_lock if is_large else nullcontext():
                run_id = await self._workers.run_cancellable(self._store, body, is_gzip, key)
        return ApiResponse({"pipelineRunId": run_id})

    def stop(self) -> None:
        """Make the checks and writes in progress fail."""
        self._cpu_budget.stop()
        self._writer.stop()

    async def _read_body(self, request: Request, hold: Callable[[int], None]) -> bytes:
        too_large = RequestError(413, f"the body is larger than {self._max_body} bytes")
        content_length = request.headers.get("content-length", "0")
        if int(content_length) > self._max_body:
            raise too_large
        body = bytearray()
        try:
            async with asyncio.timeout(self._timeout):
                async for chunk in request.stream():
                    hold(len(chunk))
                    body += chunk
                    if len(body) > self._max_body:
                        raise too_large
            return bytes(body)
        except TimeoutError:
            raise RequestError(
                408, f"the body did not arrive within {self._timeout:g} seconds"
            ) from None
        except ClientDisconnect:
            raise RequestError(400, "the body ended early") from None
        finally:
            # The traceback of an error keeps it alive until the response is sent.
            body.clear()

    def _store(
        self, cancellation: Cancellation, body: bytes, is_gzip: bool, key: str | None
    ) -> str:
        self._cpu_budget.start()
        if is_gzip:
            body = decompress(body, self._max_body)
        text, run = self._checker.check(body)
        summary = summarize(run, len(body))
        # It is no longer needed, and takes the most memory.
        del run
        stored = self._writer.add(cancellation, text, summary, key)
        if stored.is_new:
            _log(stored, summary)
        elif not same_value(stored.body, text, self._cpu_budget):
            message = "this idempotency key was used before, with another body"
            raise RequestError(409, message, "Idempotency-Key")
        return stored.id


def _log(stored: StoredRun, summary: Summary) -> None:
    duration = "unknown" if summary.duration is None else f"{summary.duration:g} ms"
    logger.info(
        "stored run %s: name %s, %d steps, %d bytes, duration %s",
        stored.id,
        # ascii() escapes line breaks, so that a name cannot forge a line of the log.
        shorten(ascii(summary.name)),
        summary.steps,
        summary.size,
        duration,
    )
