"""The routes of the server, and its error responses.

    POST   /api/v1/pipeline-run           store a run
    GET    /api/v1/pipeline-runs          the runs, newest first
    GET    /api/v1/pipeline-runs/export   the bodies of runs, one a line
    GET    /api/v1/pipeline-runs/ID       one run
    DELETE /api/v1/pipeline-runs/ID       delete it
    GET    /api/v1/pipelines              the pipelines, with figures
    GET    /api/v1/openapi.json           the OpenAPI document of all of these but the first
    GET    /healthz                       {"status": "ok"}
    GET    / and /assets/…                the viewer, where /api/v1 leads a browser

Errors are {"error": what is wrong, "at": where}.
"""

import logging
from importlib import resources
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gentrace.local import pages
from gentrace.local.gate import HEALTH
from gentrace.local.ingestion import Ingestion
from gentrace.local.responses import ApiResponse, RequestError
from gentrace.local.retrieval import Retrieval
from gentrace.local.storage_errors import StorageError

API: Final = "/api/v1"
NOT_FOUND: Final = 404
NOT_ALLOWED: Final = 405

logger = logging.getLogger("gentrace.local")


def make_app(ingestion: Ingestion, retrieval: Retrieval) -> Starlette:
    """Route the endpoints, as an ASGI application."""
    app = Starlette(
        routes=[
            Route(f"{API}/pipeline-run", ingestion.create, methods=["POST"]),
            Route(f"{API}/pipeline-runs", retrieval.list_runs),
            Route(f"{API}/pipeline-runs/export", retrieval.export),
            Route(f"{API}/pipeline-runs/{{id}}", retrieval.run, methods=["GET", "DELETE"]),
            Route(f"{API}/pipelines", retrieval.pipelines),
            Route(f"{API}/openapi.json", _document),
            Route(API, _to_viewer),
            Route(HEALTH, _health),
            Route("/", pages.index),
            Route(f"{pages.ASSETS}{{path:path}}", pages.asset),
        ],
        exception_handlers={
            RequestError: _on_request_error,
            StorageError: _on_storage_error,
            HTTPException: _on_http_error,
            Exception: _on_failure,
        },
    )
    app.router.redirect_slashes = False
    return app


async def _document(_request: Request) -> Response:
    document = resources.files("gentrace.local") / "openapi.json"
    return Response(document.read_bytes(), media_type=ApiResponse.media_type)


async def _to_viewer(request: Request) -> Response:
    """Lead a browser that opens the address of the API to the viewer; there is nothing else."""
    if "text/html" not in request.headers.get("accept", ""):
        raise HTTPException(NOT_FOUND)
    return RedirectResponse("../")


async def _health(_request: Request) -> Response:
    return ApiResponse({"status": "ok"})


async def _on_request_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)  # noqa: S101 - registered for this class
    return error.response()


async def _on_storage_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, StorageError)  # noqa: S101 - registered for this class
    prefixes = {"POST": "the run was not stored: ", "DELETE": "the run was not deleted: "}
    message = f"{prefixes.get(request.method, '')}{error}"
    logger.warning("%s", message)
    headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    return RequestError(error.status, message, headers=headers).response()


async def _on_http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    messages = {
        NOT_FOUND: "there is nothing at this path",
        NOT_ALLOWED: "this path has other methods",
    }
    return RequestError(
        error.status_code, messages[error.status_code], headers=error.headers
    ).response()


async def _on_failure(_request: Request, _error: Exception) -> Response:
    # uvicorn closes the connection after an exception; the header tells the client.
    message = "the server failed; its log says why"
    return RequestError(500, message, headers={"Connection": "close"}).response()
