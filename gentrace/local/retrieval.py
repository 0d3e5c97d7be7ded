"""Reading and deleting runs: GET and DELETE /pipeline-runs, GET /pipelines."""

from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from gentrace.local.filters import MAX_POSITION, Filters
from gentrace.local.reading import SELECT_BODY, SELECT_FULL, SELECT_SUMMARY, Reader
from gentrace.local.requests import (
    FILTER_NAMES,
    parse_choice,
    parse_filters,
    parse_number,
    query_parameters,
)
from gentrace.local.responses import ApiResponse, RequestError
from gentrace.local.threads import ThreadPool
from gentrace.local.writing import Writer

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 1000
# How many cursors of pages are remembered.
MAX_CURSORS: Final = 1000
# How many runs one query of an export finds.
BATCH: Final = 1000
VIEWS: Final = {"full": SELECT_FULL, "summary": SELECT_SUMMARY}
# In JSON, line breaks only occur between tokens, so replacing them keeps the value.
LINE_BREAKS_TO_SPACES: Final = str.maketrans("\r\n", "  ")


class Retrieval:
    """The endpoints that read and delete; they use the threads of `readers` and `writers`."""

    def __init__(
        self, reader: Reader, writer: Writer, readers: ThreadPool, writers: ThreadPool
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._readers = readers
        self._writers = writers
        # The position of each run that ended a page, as it may be deleted before the next request.
        self._cursors: dict[str, int] = {}

    async def list_runs(self, request: Request) -> Response:
        """Respond with a page of runs, newest first, and the cursor of the next page."""
        parameters = query_parameters(request, (*FILTER_NAMES, "limit", "before", "view"))
        limit = parse_number(parameters, "limit", DEFAULT_LIMIT, MAX_LIMIT)
        select = VIEWS[parse_choice(parameters, "view", VIEWS) or "full"]
        filters = parse_filters(parameters)
        before = MAX_POSITION
        if "before" in parameters:
            found = await self._readers.run(self._reader.position, parameters["before"])
            if found is None:
                found = self._cursors.get(parameters["before"])
            if found is None:
                raise RequestError(400, "before is the id of a stored run", "before")
            before = found
        positions, next_cursor = await self._readers.run(self._reader.page, filters, limit, before)
        if next_cursor is not None:
            self._save_cursor(next_cursor, positions[-1])
        listing = self._stream_list(positions, select, next_cursor)
        return StreamingResponse(listing, media_type=ApiResponse.media_type)

    async def run(self, request: Request) -> Response:
        """Respond with one run, or delete it."""
        query_parameters(request, ())
        run_id: str = request.path_params["id"]
        if request.method == "DELETE":
            if await self._writers.run_cancellable(self._writer.delete, run_id):
                return Response(status_code=204)
        else:
            run = await self._readers.run(self._reader.run, run_id)
            if run is not None:
                return Response(run, media_type=ApiResponse.media_type)
        raise RequestError(404, "there is no pipeline run of that id", "id")

    async def export(self, request: Request) -> Response:
        """Respond with the bodies of all matching runs as JSON Lines, oldest first."""
        filters = parse_filters(query_parameters(request, FILTER_NAMES))
        # Before the response starts, so that a failure is an error response, not an empty file.
        first = await self._readers.run(self._reader.positions_after, filters, BATCH, 0)
        return StreamingResponse(
            self._stream_export(filters, first), media_type="application/jsonl"
        )

    async def pipelines(self, request: Request) -> Response:
        """Respond with the statistics of all pipelines."""
        query_parameters(request, ())
        return ApiResponse({"pipelines": await self._readers.run(self._reader.pipelines)})

    async def _stream_list(
        self, positions: list[int], select: str, next_cursor: str | None
    ) -> AsyncIterator[str]:
        yield '{"pipelineRuns": ['
        separator = ""
        async for texts in self._chunks(positions, select):
            if texts:
                yield separator + ", ".join(texts)
                separator = ", "
        yield f'], "next": "{next_cursor}"}}' if next_cursor else '], "next": null}'

    def _save_cursor(self, run_id: str, position: int) -> None:
        self._cursors = dict([*self._cursors.items(), (run_id, position)][-MAX_CURSORS:])

    async def _stream_export(self, filters: Filters, positions: list[int]) -> AsyncIterator[str]:
        while positions:
            async for texts in self._chunks(positions, SELECT_BODY):
                yield "".join(f"{text.translate(LINE_BREAKS_TO_SPACES)}\n" for text in texts)
            positions = await self._readers.run(
                self._reader.positions_after, filters, BATCH, positions[-1]
            )

    async def _chunks(self, positions: list[int], select: str) -> AsyncIterator[list[str]]:
        """Read runs in chunks: a thousand large ones would not fit in memory."""
        while positions:
            texts, positions = await self._readers.run(self._reader.texts, positions, select)
            yield texts
