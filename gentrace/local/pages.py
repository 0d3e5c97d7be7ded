"""The viewer: a page and what belongs to it, as they lie in this package."""

import mimetypes
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from gentrace.local.refusal import Refusal

ASSETS: Final = "/assets/"
# Not the machine's own table, which may say something else.
MEDIA_TYPES: Final = mimetypes.MimeTypes()
FURTHER_TYPES: Final = {
    ".js": "text/javascript",
    ".woff2": "font/woff2",
    ".json": "application/json",
}


async def index(_request: Request) -> Response:
    """Give the page."""
    return _answer(_viewer() / "index.html")


async def asset(request: Request) -> Response:
    """Give a file that the page refers to."""
    file = _files(_viewer() / "assets").get(request.path_params["path"])
    if file is None:
        raise Refusal(404, "there is nothing at this path")
    return _answer(file)


def _viewer() -> Traversable:
    return resources.files("gentrace.local") / "viewer"


def _files(folder: Traversable, place: str = "") -> dict[str, Traversable]:
    """Give the files of a folder by their paths in it: only what is found there is ever read."""
    files: dict[str, Traversable] = {}
    for each in folder.iterdir() if folder.is_dir() else ():
        if each.is_dir():
            files |= _files(each, f"{place}{each.name}/")
        else:
            files[place + each.name] = each
    return files


def _answer(file: Traversable) -> Response:
    suffix = file.name[file.name.rfind(".") :]
    kind = FURTHER_TYPES.get(suffix) or MEDIA_TYPES.guess_type(file.name)[0]
    return Response(file.read_bytes(), media_type=kind or "application/octet-stream")
