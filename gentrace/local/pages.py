"""The static files of the viewer, served from this package."""

from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from gentrace.local.responses import RequestError

ASSETS: Final = "/assets/"
# The media types of the files that there are, by the end of their names.
MEDIA_TYPES: Final = {
    "css": "text/css",
    "html": "text/html",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}


async def index(_request: Request) -> Response:
    """Respond with the page."""
    return _file_response(_viewer() / "index.html")


async def asset(request: Request) -> Response:
    """Respond with a file that the page refers to."""
    # Only the name of a file there leads to it: no other path is ever read.
    for file in (_viewer() / "assets").iterdir():
        if file.name == request.path_params["path"]:
            return _file_response(file)
    raise RequestError(404, "there is nothing at this path")


def _viewer() -> Traversable:
    return resources.files("gentrace.local") / "viewer"


def _file_response(file: Traversable) -> Response:
    return Response(file.read_bytes(), media_type=MEDIA_TYPES[file.name.rpartition(".")[2]])
