"""The parameters of an operation, serialized into path, query or header fields."""

from __future__ import annotations

from typing import Any

from gentrace.configuration import check_header_text, refuse
from gentrace.exceptions import ApiTypeError, ApiValueError
from gentrace.operations.headers import check_settable_header
from gentrace.schemas import REQUEST_RULES, Schema, encode


class Parameter:
    """A parameter of an operation: a string, a number or a boolean.

    Args:
        name: its name in the document.
        schema: its type.
        description: its description in the document.
        required: whether it must be given.

    Raises:
        ApiValueError: a header field that only the client sets.

    """

    __slots__ = ("description", "name", "required", "schema")

    place: str

    def __init__(
        self, name: str, schema: Schema[Any], description: str = "", *, required: bool = False
    ) -> None:
        self.name = self.check_name(name)
        self.schema = schema
        self.description = description
        self.required = required

    def check_name(self, name: str) -> str:
        """Return the name if it is allowed."""
        return name

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

    __slots__ = ()

    place = "path"

    def serialize(self, value: object, safe: str) -> str:
        """Return the text for the path, escaped except for the characters in `safe`.

        Raises:
            ApiValueError: empty text or a dot segment, which would change the path.

        """
        text = _escape(self.format(value), safe)
        if text in {"", ".", ".."}:
            raise refuse(self.name, "text that names something in a path", value)
        return text


class HeaderParameter(Parameter):
    """A parameter in a header field."""

    __slots__ = ()

    place = "header"

    def check_name(self, name: str) -> str:
        """Return the name if callers may set this field."""
        return check_settable_header("parameters", name)

    def serialize(self, value: object) -> str:
        """Return the value of the header field."""
        return check_header_text(self.name, self.format(value))


class QueryParameter(Parameter):
    """A parameter in the query."""

    __slots__ = ()

    place = "query"

    def serialize(self, value: object) -> str:
        """Return the text for the query."""
        return f"{_escape(self.name)}={_escape(self.format(value))}"


def _escape(text: str, safe: str = "") -> str:
    from urllib.parse import quote  # noqa: PLC0415 - slow to import, for few operations

    return quote(text, safe)
