"""Media types, compared by meaning rather than by spelling."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class MediaType:
    """A parsed media type with its parameters.

    Args:
        text: as in a header field, such as ``application/json; charset=utf-8``.

    """

    __slots__ = ("name", "parameters")

    def __init__(self, text: str) -> None:
        name, *parameters = _split_parameters(text)
        self.name = name.strip().lower()
        self.parameters = dict(filter(None, map(_parse_parameter, parameters)))

    def includes(self, other: MediaType) -> bool:
        """Tell whether `other` is this type.

        A missing charset is UTF-8. Parameters that only `other` has are ignored.
        """
        if self.name != other.name:
            return False
        mine = {"charset": "utf-8"} | self.parameters
        others = {"charset": "utf-8"} | other.parameters
        return all(others.get(name) == value for name, value in mine.items())


def find_declared(declared: Iterable[str], text: str) -> str | None:
    """Return the declared media type that includes `text`, None if none does."""
    wanted = MediaType(text)
    return next((each for each in declared if MediaType(each).includes(wanted)), None)


def _split_parameters(text: str) -> list[str]:
    """Split a header value at semicolons, except inside quotes."""
    parts: list[list[str]] = [[]]
    quoted = escaped = False
    for character in text:
        if character == ";" and not quoted:
            parts.append([])
            continue
        if character == '"' and not escaped:
            quoted = not quoted
        escaped = quoted and character == "\\" and not escaped
        parts[-1].append(character)
    return list(map("".join, parts))


def _parse_parameter(text: str) -> tuple[str, str] | None:
    name, equals, value = text.partition("=")
    if not equals:
        return None
    name, value = name.strip().lower(), value.strip()
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if name == "charset":
        value = value.lower()
        return name, "utf-8" if value == "utf8" else value
    return name, value
