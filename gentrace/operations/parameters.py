"""The parameters of an operation, serialized into path, query or header fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from gentrace.configuration import check_header_text, refuse
from gentrace.exceptions import ApiTypeError, ApiValueError
from gentrace.operations.headers import check_settable_header
from gentrace.schemas import REQUEST_RULES, Schema, encode


class Parameter:
    """A parameter of an operation.

    Args:
        name: its name in the document.
        schema: its type: a string, an integer, an array or an object of them.
        description: its description in the document.
        required: whether it must be given.
        explode: whether the items of an array or object are separate, as OpenAPI has it; None is
            the default of the style.

    Raises:
        ApiValueError: a header field that only the client sets.

    """

    __slots__ = ("description", "explode", "name", "required", "schema")

    place: str
    style = "simple"
    explodes = False

    def __init__(
        self,
        name: str,
        schema: Schema[Any],
        description: str = "",
        *,
        required: bool = False,
        explode: bool | None = None,
    ) -> None:
        self.name = self.check_name(name)
        self.schema = schema
        self.description = description
        self.required = required
        self.explode = self.explodes if explode is None else explode

    def check_name(self, name: str) -> str:
        """Return the name if it is allowed."""
        return name

    def check(self, value: object) -> Any:
        """Return the JSON value of an argument; errors name this parameter."""
        try:
            return self.schema.check(value, REQUEST_RULES)
        except (ApiTypeError, ApiValueError) as error:
            error.move_under(self.name)
            raise


class PathParameter(Parameter):
    """A parameter in the path, in the style `simple`."""

    __slots__ = ()

    place = "path"

    def serialize(self, value: object, safe: str) -> str:
        """Return the text for the path, escaped except for the characters in `safe`.

        Raises:
            ApiValueError: empty text or a dot segment, which would change the path.

        """
        text = _join(self.check(value), lambda part: _escape(part, safe), explode=self.explode)
        if text in {"", ".", ".."}:
            raise refuse(self.name, "text that names something in a path", value)
        return text


class HeaderParameter(Parameter):
    """A parameter in a header field, in the style `simple`."""

    __slots__ = ()

    place = "header"

    def check_name(self, name: str) -> str:
        """Return the name if callers may set this field."""
        return check_settable_header("parameters", name)

    def serialize(self, value: object) -> str:
        """Return the value of the header field."""
        text = _join(self.check(value), str, explode=self.explode)
        return check_header_text(self.name, text)


class QueryParameter(Parameter):
    """A parameter in the query, in the style `form`, exploded by default."""

    __slots__ = ()

    place = "query"
    style = "form"
    explodes = True

    def serialize(self, value: object) -> str:
        """Return the text for the query; empty for an empty array or object."""
        checked = self.check(value)
        name = _escape(self.name)
        if self.explode and isinstance(checked, tuple):
            items = cast("Sequence[Any]", checked)
            return "&".join(f"{name}={_escape(_text(item))}" for item in items)
        if self.explode and isinstance(checked, dict):
            pairs = cast("dict[str, Any]", checked)
            return "&".join(f"{_escape(key)}={_escape(_text(item))}" for key, item in pairs.items())
        if checked in ((), {}):
            return ""
        return f"{name}={_join(checked, _escape, explode=False)}"


def _text(value: object) -> str:
    """Return a scalar as text; numbers and booleans are written as in JSON."""
    return value if isinstance(value, str) else encode(value).decode()


def _join(value: object, escape: Callable[[str], str], *, explode: bool) -> str:
    """Serialize a value in the style `simple`."""
    if isinstance(value, tuple):
        items = cast("Sequence[Any]", value)
        return ",".join(escape(_text(item)) for item in items)
    if isinstance(value, dict):
        between = "=" if explode else ","
        pairs = cast("dict[str, Any]", value).items()
        return ",".join(f"{escape(key)}{between}{escape(_text(item))}" for key, item in pairs)
    return escape(_text(value))


def _escape(text: str, safe: str = "") -> str:
    from urllib.parse import quote  # noqa: PLC0415 - slow to import, for few operations

    return quote(text, safe)
