"""Taking runs in: POST /pipeline-run.

A run is answered when it is on disk; what is refused, for whatever reason, is not there.
"""

import asyncio
import logging
from concurrent.futures import Executor
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from gentrace.local.admission import ByteBudget, Hold
from gentrace.local.calling_off import CallingOff
from gentrace.local.checks import RunChecker
from gentrace.local.clock import Clock
from gentrace.local.gzipped import decompress
from gentrace.local.json_text import same_value
from gentrace.local.refusal import Answer, Refusal, cut
from gentrace.local.requests import header, is_json, is_packed
from gentrace.local.summaries import Summary, summarize
from gentrace.local.work import work_or_call_off
from gentrace.local.writing import StoredRun, Writer

# Bytes beyond which a body waits for its turn.
LARGE: Final = 2**20
# Bodies of the largest size that are held at once, and bytes that may be in any case.
BODIES: Final = 2
LEAST_BUDGET: Final = 2**26

logger = logging.getLogger("gentrace.local")


class Ingestion:
    """The endpoint that stores; `max_body` is in bytes.

    `timeout` is the time that a body may take to arrive, and then to be checked, in seconds.
    Checking and waiting for the disk are done in `workers`.
    """

    def __init__(self, writer: Writer, workers: Executor, max_body: int, timeout: float) -> None:
        self._writer = writer
        self._workers = workers
        self._max_body = max_body
        self._timeout = timeout
        self._clock = Clock(timeout)
        self._checker = RunChecker(self._clock)
        self._budget = ByteBudget(max(BODIES * max_body, LEAST_BUDGET))
        self._turn = asyncio.Lock()

    async def create(self, request: Request) -> Response:
        """Store a run; answered only when it is on disk."""
        packed = is_packed(request)
        if not is_json(header(request, "content-type") or ""):
            raise Refusal(415, "the body must be application/json in UTF-8", "Content-Type")
        key = header(request, "idempotency-key")
        if key == "":
            raise Refusal(400, "the idempotency key is empty", "Idempotency-Key")
        async with self._budget.hold() as hold:
            body = await self._body(request, hold)
            # A parsed body takes many times the memory of its text, so one large one at a time.
            large = packed or len(body) > LARGE
            turn: AbstractAsyncContextManager[None] = self._turn if large else nullcontext()
            async with turn:
                calling_off = CallingOff()
                run_id = await work_or_call_off(
                    self._workers, calling_off, self._add, body, packed, key
                )
        return Answer({"pipelineRunId": run_id})

    def stop(self) -> None:
        """Refuse what is being checked or waits to be written."""
        self._clock.stop()
        self._writer.stop()

    async def _body(self, request: Request, hold: Hold) -> bytes:
        too_large = Refusal(413, f"the body is larger than {self._max_body} bytes")
        announced = request.headers.get("content-length", "0")
        if int(announced) > self._max_body:
            raise too_large
        body = bytearray()
        try:
            async with asyncio.timeout(self._timeout):
                async for chunk in request.stream():
                    hold.add(len(chunk))
                    body += chunk
                    if len(body) > self._max_body:
                        raise too_large
            return bytes(body)
        except TimeoutError:
            raise Refusal(
                408, f"the body did not arrive within {self._timeout:g} seconds"
            ) from None
        except ClientDisconnect:
            raise Refusal(400, "the body ended early") from None
        finally:
            # The traceback of a refusal has it for as long as the answer is on its way.
            body.clear()

    def _add(self, calling_off: CallingOff, body: bytes, packed: bool, key: str | None) -> str:
        self._clock.start()
        if packed:
            body = decompress(body, self._max_body)
        text, run = self._checker.check(body)
        summary = summarize(run, len(body))
        # Not needed any more, and larger than all else.
        del run
        stored = self._writer.add(text, summary, key, calling_off)
        if stored.is_new:
            _log(stored, summary)
        elif not same_value(stored.body, text, self._clock):
            words = "this idempotency key was used before, with another body"
            raise Refusal(409, words, "Idempotency-Key")
        return stored.id


def _log(stored: StoredRun, summary: Summary) -> None:
    duration = "unknown" if summary.duration is None else f"{summary.duration:g} ms"
    logger.info(
        "stored run %s: name %s, %d steps, %d bytes, duration %s",
        stored.id,
        # As a literal: a name may hold line breaks.
        cut(ascii(summary.name)),
        summary.steps,
        summary.size,
        duration,
    )
