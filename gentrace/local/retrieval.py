"""Giving runs back, and deleting them: GET and DELETE /pipeline-runs, GET /pipelines."""

from collections.abc import AsyncIterator
from concurrent.futures import Executor
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from gentrace.local.calling_off import CallingOff
from gentrace.local.filters import END, Filters
from gentrace.local.reading import BODY, SUMMARY, WHOLE, Reader
from gentrace.local.refusal import Answer, Refusal
from gentrace.local.requests import FILTERS, choice, filters, number, query
from gentrace.local.work import work, work_or_call_off
from gentrace.local.writing import Writer

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 1000
# Ends of pages that are remembered.
ENDS: Final = 1000
# Runs that an export asks for at once.
BATCH: Final = 1000
VIEWS: Final = {"full": WHOLE, "summary": SUMMARY}
# Line breaks between the tokens of a JSON text; inside of a string there can be none.
BREAKS: Final = str.maketrans("\r\n", "  ")


class Retrieval:
    """The endpoints that read and delete; reading is done in `readers`, deleting in `writers`."""

    def __init__(
        self, reader: Reader, writer: Writer, readers: Executor, writers: Executor
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._readers = readers
        self._writers = writers
        # Where pages ended: the run there may be deleted before the next page is asked for.
        self._ends: dict[str | None, int] = {}

    async def page(self, request: Request) -> Response:
        """Give the newest runs that are asked for, and where the next page begins."""
        parameters = query(request, (*FILTERS, "limit", "before", "view"))
        limit = number(parameters, "limit", DEFAULT_LIMIT, MAX_LIMIT)
        form = VIEWS[choice(parameters, "view", VIEWS) or "full"]
        wanted = filters(parameters)
        before = END
        if "before" in parameters:
            found = await work(self._readers, self._reader.position, parameters["before"])
            if found is None:
                found = self._ends.get(parameters["before"])
            if found is None:
                raise Refusal(400, "before is the id of a stored run", "before")
            before = found
        positions = await work(self._readers, self._find, wanted, limit + 1, before)
        following = None
        if len(positions) > limit:
            del positions[limit:]
            following = await self._end_at(positions[-1])
        listing = self._listing(positions, form, following)
        return StreamingResponse(listing, media_type=Answer.media_type)

    async def one(self, request: Request) -> Response:
        """Give one run, or delete it."""
        query(request, ())
        run_id: str = request.path_params["id"]
        if request.method == "DELETE":
            calling_off = CallingOff()
            deleted = await work_or_call_off(self._writers, calling_off, self._delete, run_id)
            if deleted:
                return Response(status_code=204)
        else:
            run = await work(self._readers, self._reader.run, run_id)
            if run is not None:
                return Response(run, media_type=Answer.media_type)
        raise Refusal(404, "there is no pipeline run of that id")

    async def export(self, request: Request) -> Response:
        """Give the bodies of all runs that are asked for, as they were sent, one a line."""
        wanted = filters(query(request, FILTERS))
        # Before the answer begins: what cannot be read is an error, not an empty file.
        first = await work(self._readers, self._find_on, wanted, 0)
        return StreamingResponse(self._lines(wanted, first), media_type="application/jsonl")

    async def pipelines(self, request: Request) -> Response:
        """Give the pipelines, with figures of their runs."""
        query(request, ())
        return Answer({"pipelines": await work(self._readers, self._reader.pipelines)})

    def _find(self, wanted: Filters, limit: int, before: int) -> list[int]:
        return self._reader.positions(wanted, limit, before=before)

    def _find_on(self, wanted: Filters, after: int) -> list[int]:
        return self._reader.positions(wanted, BATCH, after=after, oldest_first=True)

    def _delete(self, calling_off: CallingOff, run_id: str) -> bool:
        return self._writer.delete(run_id, calling_off)

    async def _listing(
        self, positions: list[int], form: str, following: str | None
    ) -> AsyncIterator[str]:
        # Some at a time: a thousand large ones would not fit in memory.
        yield '{"pipelineRuns": ['
        separator = ""
        while positions:
            texts, positions = await work(self._readers, self._reader.texts, positions, form)
            if texts:
                yield separator + ", ".join(texts)
                separator = ", "
        yield f'], "next": "{following}"}}' if following else '], "next": null}'

    async def _end_at(self, position: int) -> str | None:
        """Give the id of the run at which a page ends, and remember where that is."""
        run_id = await work(self._readers, self._reader.run_id, position)
        self._ends = dict([*self._ends.items(), (run_id, position)][-ENDS:])
        return run_id

    async def _lines(self, wanted: Filters, positions: list[int]) -> AsyncIterator[str]:
        while positions:
            last = positions[-1]
            while positions:
                texts, positions = await work(self._readers, self._reader.texts, positions, BODY)
                yield "".join(f"{text.translate(BREAKS)}\n" for text in texts)
            positions = await work(self._readers, self._find_on, wanted, last)
