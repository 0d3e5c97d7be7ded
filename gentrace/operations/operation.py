"""The declaration of an operation of the document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

from frozendict import frozendict

from gentrace.configuration import check_header_text, refuse
from gentrace.exceptions import ApiValueError
from gentrace.operations.arguments import check_target
from gentrace.operations.media_types import find_declared
from gentrace.operations.parameters import (  # noqa: TC001 - annotations are read at run time
    HeaderParameter,
    PathParameter,
    QueryParameter,
)
from gentrace.operations.responses import ApiResponse  # noqa: TC001 - likewise
from gentrace.schemas import Schema, Unset, unset


@dataclass(eq=False, repr=False)
class Operation:
    """One operation of the document, with all that a call of it needs.

    Args:
        name: its Python name, such as ``pipeline_run_post``.
        method: HTTP method, in upper case.
        path: path template, such as ``/runs/{id}``.
        tag: tag in the document.
        summary: summary in the document.
        responses: answers by status.
        description: description in the document.
        body: the body of its request, None where it has none.
        parameters: its parameters.
        auth: names of the security schemes that it uses.
        id_property: wire name of the property of its answer to write to the debug log, such as
            the id of what was stored; None for none.

    Raises:
        ApiValueError: the path cannot be sent, or no answer has a status of 2xx.

    """

    name: str
    method: str
    path: str
    _: KW_ONLY
    tag: str
    summary: str
    responses: Mapping[int, OpenApiResponse]
    description: str = ""
    body: RequestBody | None = None
    parameters: Sequence[PathParameter | QueryParameter | HeaderParameter] = ()
    auth: Sequence[str] = ("bearerAuth",)
    id_property: str | None = None

    def __post_init__(self) -> None:
        self.path = check_target(self.path)
        answers = self.responses.values()
        successes = [item for status, item in self.responses.items() if is_success(status)]
        if not successes:
            raise ApiValueError(f"responses: expected one of 2xx, got {list(self.responses)}")
        self.success = successes[0]
        self.has_file = any(None in item.content.values() for item in answers)
        """Whether one of its answers is a file; all others are parsed."""
        self.accepts = tuple(dict.fromkeys(text for item in answers for text in item.content))


@dataclass(eq=False, repr=False, slots=True)
class RequestBody:
    """The body of a request.

    Args:
        content: schema by media type.
        description: what it is.
        required: whether it must be given.

    """

    content: Mapping[str, Schema[Any]]
    description: str
    _: KW_ONLY
    required: bool

    def find_schema(self, content_type: object) -> tuple[str, Schema[Any]]:
        """Return a media type, by default the first one, and its schema.

        Raises:
            ApiTypeError: not a string.
            ApiValueError: the media type is not declared.

        """
        if content_type is unset:
            return next(iter(self.content.items()))
        if type(content_type) is str and content_type in self.content:
            return content_type, self.content[content_type]
        text = check_header_text("content_type", content_type)
        declared = find_declared(self.content, text)
        if declared is None:
            raise refuse("content_type", " or ".join(map(repr, self.content)), content_type)
        return text, self.content[declared]


@dataclass(eq=False, repr=False, slots=True)
class OpenApiResponse:
    """An answer that the document lists.

    Args:
        response_cls: the class of the answer.
        description: what it means.
        content: schema by media type, None for a file; empty where no body is defined.

    """

    response_cls: type[ApiResponse]
    description: str
    content: Mapping[str, Schema[Any] | None] = frozendict[str, Any]()

    def find_schema(self, content_type: str) -> Schema[Any] | Unset | None:
        """Return the schema of an answer's media type; None for a file, `unset` if undeclared."""
        declared = find_declared(self.content, content_type)
        return unset if declared is None else self.content[declared]


def is_success(status: int) -> bool:
    """Tell whether a status is of the family 2xx."""
    return 200 <= status < 300  # noqa: PLR2004 - the family 2xx
