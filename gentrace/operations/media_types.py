"""Media types, compared by meaning rather than by spelling."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator


class MediaType:
    """A parsed media type with its parameters.

    Args:
        text: as in a header field, such as ``application/json; charset=utf-8``.

    """

    __slots__ = ("name", "parameters")

    def __init__(self, text: str) -> None:
        self.name = text.partition(";")[0].strip().lower()
        self.parameters = dict(_parse_parameters(text))

    def includes(self, other: MediaType) -> bool:
        """Tell whether `other` is this type.

        A missing charset is UTF-8. Parameters that only `other` has are ignored.
        """
        if self.name != other.name:
            return False
        mine = {"charset": "utf-8"} | self.parameters
        others = {"charset": "utf-8"} | other.parameters
        return all(others.get(name) == value for name, value in mine.items())


def find_declared(declared: Collection[str], text: str) -> str | None:
    """Return the declared media type that includes `text`, None if none does."""
    if text in declared:
        return text
    wanted = MediaType(text)
    return next((each for each in declared if MediaType(each).includes(wanted)), None)


_PARAMETER = re.compile(r';([^;="]*)=\s*(?:"((?:[^"\\]|\\.)*)"\s*(?=;|$)|([^;]*))')
"""A parameter: its name, and its value in quotes or without them."""


def _parse_parameters(text: str) -> Iterator[tuple[str, str]]:
    for found in _PARAMETER.finditer(text):
        name, quoted, plain = found[1].strip().lower(), found[2], found[3]
        value = plain.strip() if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        if name == "charset":
            value = "utf-8" if value.lower() == "utf8" else value.lower()
        yield name, value
