"""The parameters of an operation, serialized into path, query or header fields."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

from gentrace.configuration import check_header_text, refuse
from gentrace.exceptions import ApiTypeError, ApiValueError
from gentrace.operations.headers import check_settable_header
from gentrace.schemas import REQUEST_RULES, Schema, encode


@dataclass(eq=False, repr=False)
class Parameter:
    """A parameter of an operation: a string, a number or a boolean.

    Args:
        name: its name in the document.
        schema: its type.
        description: its description in the document.
        required: whether it must be given.

    """

    place: ClassVar[str]

    name: str
    schema: Schema[Any]
    description: str = ""
    _: KW_ONLY
    required: bool = False

    def format(self, value: object) -> str:
        """Return an argument as text: numbers and booleans as in JSON."""
        try:
            checked = self.schema.check(value, REQUEST_RULES)
        except (ApiTypeError, ApiValueError) as error:
            error.move_under(self.name)
            raise
        return checked if isinstance(checked, str) else encode(checked).decode()


class PathParameter(Parameter):
    """A parameter in the path."""

    place = "path"

    def serialize(self, value: object, safe: str) -> str:
        """Return the text for the path, escaped except for the characters in `safe`.

        Raises:
            ApiValueError: empty text or a dot segment, which would change the path.

        """
        text = _escape(self.format(value), safe)
        # With "/" in `safe`, the text may have several segments.
        if not text or not {".", ".."}.isdisjoint(text.split("/")):
            raise refuse(self.name, "text that names something in a path", value)
        return text


@dataclass(eq=False, repr=False)
class HeaderParameter(Parameter):
    """A parameter in a header field.

    Raises:
        ApiValueError: only the client sets this field.

    """

    place = "header"

    def __post_init__(self) -> None:
        check_settable_header("parameters", self.name)

    def serialize(self, value: object) -> str:
        """Return the value of the header field."""
        return check_header_text(self.name, self.format(value))


class QueryParameter(Parameter):
    """A parameter in the query."""

    place = "query"

    def serialize(self, value: object) -> str:
        """Return the text for the query."""
        return f"{_escape(self.name)}={_escape(self.format(value))}"


def _escape(text: str, safe: str = "") -> str:
    from urllib.parse import quote  # noqa: PLC0415 - slow to import, for few operations

    return quote(text, safe)
