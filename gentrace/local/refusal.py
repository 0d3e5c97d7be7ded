"""What the server says when it does not do what was asked."""

from collections.abc import Mapping
from typing import Final

from starlette.responses import JSONResponse

LONGEST_WORDS: Final = 240


def cut(words: str) -> str:
    """Shorten long words in their middle: both what was wrong and why tend to be at the ends."""
    if len(words) <= LONGEST_WORDS:
        return words
    half = LONGEST_WORDS // 2
    return f"{words[:half]} … {words[-half:]}"


class Answer(JSONResponse):
    """A JSON answer, which says its character set as the hosted API does."""

    media_type = "application/json; charset=utf-8"


class Refusal(Exception):  # noqa: N818 - named for what it is, as an answer rather than a fault
    """A request that is answered with an error.

    `status` is the HTTP status, `words` say what is wrong and, where there is one, the remedy.
    `at` is the place: a JSON path into the body (`$.stepRuns[3].elapsedTime`), a line and column
    of a body that is not JSON, or the name of a header or query parameter.
    """

    def __init__(
        self, status: int, words: str, at: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, words, at)
        self.status = status
        self.words = cut(words)
        self.at = cut(at)
        self.headers = headers

    def answer(self) -> Answer:
        """Make the response: `{"error": words, "at": place}`, `at` only where known."""
        content = {"error": self.words} | ({"at": self.at} if self.at else {})
        return Answer(content, self.status, self.headers)
