"""The routes: what is served where.

    POST   /api/v1/pipeline-run           store a run
    GET    /api/v1/pipeline-runs          the runs, newest first
    GET    /api/v1/pipeline-runs/export   the bodies of runs, one a line
    GET    /api/v1/pipeline-runs/ID       one run
    DELETE /api/v1/pipeline-runs/ID       delete it
    GET    /api/v1/pipelines              the pipelines, with figures
    GET    /api/v1/openapi.json           the document that describes all of these but the first
    GET    /healthz                       {"status": "ok"}
    GET    / and /assets/…                the viewer

Errors are {"error": what is wrong, "at": where}.
"""

from importlib import resources
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gentrace.local import pages
from gentrace.local.gate import HEALTH
from gentrace.local.ingestion import Ingestion
from gentrace.local.refusal import Answer, Refusal
from gentrace.local.retrieval import Retrieval
from gentrace.local.trouble import StorageError

API: Final = "/api/v1"
NOT_FOUND: Final = 404
NOT_ALLOWED: Final = 405


def make_app(ingestion: Ingestion, retrieval: Retrieval) -> Starlette:
    """Route the endpoints, as an ASGI application."""
    app = Starlette(
        routes=[
            Route(f"{API}/pipeline-run", ingestion.create, methods=["POST"]),
            Route(f"{API}/pipeline-runs", retrieval.page),
            Route(f"{API}/pipeline-runs/export", retrieval.export),
            Route(f"{API}/pipeline-runs/{{id}}", retrieval.one, methods=["GET", "DELETE"]),
            Route(f"{API}/pipelines", retrieval.pipelines),
            Route(f"{API}/openapi.json", _document),
            Route(HEALTH, _health),
            Route("/", pages.index),
            Route(f"{pages.ASSETS}{{path:path}}", pages.asset),
        ],
        exception_handlers={
            Refusal: _refused,
            StorageError: _not_stored,
            HTTPException: _unrouted,
            Exception: _failed,
        },
    )
    app.router.redirect_slashes = False
    return app


async def _document(_request: Request) -> Response:
    document = resources.files("gentrace.local") / "openapi.json"
    return Response(document.read_bytes(), media_type=Answer.media_type)


async def _health(_request: Request) -> Response:
    return Answer({"status": "ok"})


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 - registered for this class
    return error.answer()


async def _not_stored(request: Request, error: Exception) -> Response:
    assert isinstance(error, StorageError)  # noqa: S101 - registered for this class
    what = {"POST": "the run was not stored: ", "DELETE": "the run was not deleted: "}
    wait = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    return Refusal(error.status, f"{what.get(request.method, '')}{error}", headers=wait).answer()


async def _unrouted(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    words = {NOT_FOUND: "there is nothing at this path", NOT_ALLOWED: "this path has other methods"}
    return Refusal(error.status_code, words[error.status_code], headers=error.headers).answer()


async def _failed(_request: Request, _error: Exception) -> Response:
    # uvicorn closes the connection of a request that raised; this lets its client know.
    words = "the server failed; its log says why"
    return Refusal(500, words, headers={"Connection": "close"}).answer()
