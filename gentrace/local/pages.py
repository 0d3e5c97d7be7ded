"""The static files of the viewer, served from this package."""

import mimetypes
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from gentrace.local.responses import RequestError

ASSETS: Final = "/assets/"
# Python's own table: that of the machine may have other types.
MEDIA_TYPES: Final = mimetypes.MimeTypes()
EXTRA_MEDIA_TYPES: Final = {
    ".js": "text/javascript",
    ".woff2": "font/woff2",
    ".json": "application/json",
}


async def index(_request: Request) -> Response:
    """Respond with the page."""
    return _file_response(_viewer() / "index.html")


async def asset(request: Request) -> Response:
    """Respond with a file that the page refers to."""
    file = _files_below(_viewer() / "assets").get(request.path_params["path"])
    if file is None:
        raise RequestError(404, "there is nothing at this path")
    return _file_response(file)


def _viewer() -> Traversable:
    return resources.files("gentrace.local") / "viewer"


def _files_below(folder: Traversable, prefix: str = "") -> dict[str, Traversable]:
    """Return the files below a folder by path: no other path is ever read."""
    files: dict[str, Traversable] = {}
    for entry in folder.iterdir() if folder.is_dir() else ():
        if entry.is_dir():
            files |= _files_below(entry, f"{prefix}{entry.name}/")
        else:
            files[prefix + entry.name] = entry
    return files


def _file_response(file: Traversable) -> Response:
    suffix = file.name[file.name.rfind(".") :]
    media_type = EXTRA_MEDIA_TYPES.get(suffix) or MEDIA_TYPES.guess_type(file.name)[0]
    return Response(file.read_bytes(), media_type=media_type or "application/octet-stream")
