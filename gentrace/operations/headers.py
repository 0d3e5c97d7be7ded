"""The header fields that a caller may say, and those of a client."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, cast

from gentrace.configuration import (
    check_header_name,
    check_header_text,
    hide_arguments,
    refuse_type,
)
from gentrace.configuration.secrets import SENSITIVE_HEADERS, Headers, Secret, mask_headers
from gentrace.exceptions import ApiValueError

if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterator, ValuesView
    from typing import Any


class DefaultHeaders(MutableMapping[str, str]):
    """Header fields that go with every request of a client, in place of its own of that name.

    Names in any case are the same name. A field that cannot be sent is refused when it is set.
    Whoever looks through them sees those of one moment, also while another thread sets some.
    """

    def __init__(self) -> None:
        self._fields: dict[str, tuple[str, str]] = {}

    @hide_arguments
    def __setitem__(self, name: str, value: str) -> None:
        for known, text in check_headers("default_headers", {name: value}).items():
            self._fields[known.lower()] = (known, text)

    def __getitem__(self, name: str) -> str:
        return self._fields[str(name).lower()][1]

    def __delitem__(self, name: str) -> None:
        del self._fields[str(name).lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._fields)

    def items(self) -> ItemsView[str, str]:
        """Return names and values as they are now."""
        return self._now().items()

    def values(self) -> ValuesView[str]:
        """Return the values as they are now."""
        return self._now().values()

    def __copy__(self) -> DefaultHeaders:
        twin = DefaultHeaders()
        twin._fields = self._fields.copy()
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> DefaultHeaders:
        return self.__copy__()

    def remove_secrets(self) -> set[str]:
        """Remove the fields that carry secrets, and return their names."""
        secret = {name for name in self if name.lower() in SENSITIVE_HEADERS}
        for name in secret:
            del self[name]
        return secret

    def __repr__(self) -> str:
        return repr(mask_headers(self.items()))

    def _now(self) -> dict[str, str]:
        # Of a copy, which no other thread changes, and which is made in one step.
        return dict(self._fields.copy().values())


_RESERVED = {
    "connection": "connections are kept and closed by the client",
    "content-length": "the client counts the body",
    "host": "the host is Configuration.host",
    "idempotency-key": "give idempotency_key= to the call that it is for",
    "transfer-encoding": "the client sends a body in one piece",
}


def check_free_header(where: str, name: object) -> str:
    """Return the name of a header field that is the caller's to say.

    Raises:
        ApiTypeError: not a string.
        ApiValueError: it cannot be a name, or the client alone can say this field.

    """
    text = check_header_name(where, name)
    if text.lower() in _RESERVED:
        raise ApiValueError(f"{where}[{text!r}]: {_RESERVED[text.lower()]}")
    return text


def check_headers(where: str, given: object) -> Headers:
    """Return header fields that may be sent.

    Raises:
        ApiTypeError: no mapping of strings to strings.
        ApiValueError: a field that cannot be sent, or is not the caller's to say.

    """
    if not isinstance(given, Mapping):
        raise refuse_type(where, "a mapping of header names to values", given)
    checked = Headers()
    for name, value in cast("Mapping[object, object]", given).items():
        text = check_free_header(where, name)
        checked.replace({text: Secret(check_header_text(f"{where}[{text!r}]", value))})
    return checked


def drop_secrets(fields: Mapping[str, str]) -> dict[str, str]:
    """Return header fields without those that carry secrets."""
    return {name: value for name, value in fields.items() if name.lower() not in SENSITIVE_HEADERS}
