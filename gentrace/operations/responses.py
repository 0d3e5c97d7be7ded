"""The response classes: dataclasses, and context managers that close a streamed body."""

# Without `from __future__ import annotations`: inspect.signature(eval_str=True) of a subclass would
# look its names up in the subclass's module.

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, cast

from gentrace.schemas import Unset, unset

if TYPE_CHECKING:
    from urllib3 import HTTPResponse
else:  # Annotations are evaluated at run time, and urllib3 is slow to import.
    HTTPResponse = object


@dataclass(repr=False, eq=False)
class ApiResponse:
    """An answer.

    Attributes:
        response: the raw answer; None only in what a pickle, a deep copy or `asdict` made of it.
        body: the deserialized body, or `unset`.
        headers: the deserialized header fields, or `unset`.

    """

    response: HTTPResponse
    body: Any = unset
    headers: Any = unset

    def __repr__(self) -> str:
        shown = f"status={getattr(self.response, 'status', None)}"
        for name, value in (("body", self.body), ("headers", self.headers)):
            if value is not unset:
                shown += f", {name}={value!r}"
        return f"{type(self).__name__}({shown})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the raw answer and release its connection."""
        response = cast("HTTPResponse | None", self.response)
        if response is not None:
            response.close()


@dataclass(repr=False, eq=False)
class ApiResponseWithoutDeserialization(ApiResponse):
    """An answer that was not deserialized: body and headers are `unset`, `response` has both."""

    body: Unset = unset
    headers: Unset = unset


UNSET_BODY: Any = unset
"""`unset` as a default for a body of any type; only an answer made by hand lacks a body."""
