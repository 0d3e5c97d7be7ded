"""JSON responses, and the error of a request."""

from collections.abc import Mapping
from typing import Final

from starlette.responses import JSONResponse

MAX_LENGTH: Final = 240


def shorten(message: str) -> str:
    """Shorten a long message in its middle: the wrong value and the reason are at its ends."""
    if len(message) <= MAX_LENGTH:
        return message
    half = MAX_LENGTH // 2
    return f"{message[:half]} … {message[-half:]}"


class ApiResponse(JSONResponse):
    """A JSON response that states its character set, as the hosted API does."""

    media_type = "application/json; charset=utf-8"


class RequestError(Exception):
    """A request that gets an error response.

    `status` is the HTTP status, `message` says what is wrong and, where there is one, the remedy.
    `at` is the place: a JSON path into the body (`$.stepRuns[3].elapsedTime`), a line and column
    of a body that is not JSON, or the name of a header or query parameter.
    """

    def __init__(
        self, status: int, message: str, at: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, message, at)
        self.status = status
        self.message = shorten(message)
        self.at = shorten(at)
        self.headers = headers

    def response(self) -> ApiResponse:
        """Make the response `{"error": message, "at": place}`, without `at` if it is not known."""
        content = {"error": self.message} | ({"at": self.at} if self.at else {})
        return ApiResponse(content, self.status, self.headers)
