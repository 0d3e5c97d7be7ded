"""Header fields that callers may set, and the default ones of a client."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, MutableMapping, ValuesView
from typing import Any, cast

from gentrace.configuration import (
    check_header_name,
    check_header_text,
    hide_arguments,
    refuse_type,
)
from gentrace.configuration.secrets import Headers, Secret, is_sensitive, mask_headers
from gentrace.exceptions import ApiValueError


class DefaultHeaders(MutableMapping[str, str]):
    """Header fields that go with every request of a client; they override its own.

    Names are case-insensitive. A field that cannot be sent is refused when it is set. Iteration
    uses a snapshot, so that another thread may set fields meanwhile.
    """

    def __init__(self) -> None:
        self._fields: dict[str, tuple[str, str]] = {}

    @hide_arguments
    def __setitem__(self, name: str, value: str) -> None:
        known = check_header_name("default_headers", name)
        text = check_headers("default_headers", {known: value})[known]
        self._fields[known.lower()] = (known, text)

    def __getitem__(self, name: str) -> str:
        return self._fields[str(name).lower()][1]

    def __delitem__(self, name: str) -> None:
        del self._fields[str(name).lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._snapshot())

    def __len__(self) -> int:
        return len(self._fields)

    def items(self) -> ItemsView[str, str]:
        """Return a snapshot of names and values."""
        return self._snapshot().items()

    def values(self) -> ValuesView[str]:
        """Return a snapshot of the values."""
        return self._snapshot().values()

    def __copy__(self) -> DefaultHeaders:
        twin = DefaultHeaders()
        twin._fields = self._fields.copy()
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> DefaultHeaders:
        return self.__copy__()

    def remove_secrets(self) -> set[str]:
        """Remove the fields that carry secrets, and return their names."""
        secret = {name for name in self if is_sensitive(name)}
        for name in secret:
            del self[name]
        return secret

    def __repr__(self) -> str:
        return repr(mask_headers(self.items()))

    def _snapshot(self) -> dict[str, str]:
        # From a copy: dict.copy is atomic, and no other thread changes the copy.
        return dict(self._fields.copy().values())


_RESERVED = {
    "connection": "connections are kept and closed by the client",
    "content-length": "the client counts the body",
    "host": "the host is Configuration.host",
    "idempotency-key": "give idempotency_key= to the call that it is for",
    "transfer-encoding": "the client sends a body in one piece",
}


def check_settable_header(where: str, name: object) -> str:
    """Return the name of a header field that callers may set.

    Raises:
        ApiTypeError: not a string.
        ApiValueError: it is not a valid name, or only the client sets this field.

    """
    text = check_header_name(where, name)
    if text.lower() in _RESERVED:
        raise ApiValueError(f"{where}[{text!r}]: {_RESERVED[text.lower()]}")
    return text


def check_headers(where: str, given: object) -> Headers:
    """Return header fields that may be sent.

    Raises:
        ApiTypeError: no mapping of strings to strings.
        ApiValueError: a field that cannot be sent, or that only the client sets.

    """
    if not isinstance(given, Mapping):
        raise refuse_type(where, "a mapping of header names to values", given)
    checked = Headers()
    for name, value in cast("Mapping[object, object]", given).items():
        text = check_settable_header(where, name)
        checked.replace({text: Secret(check_header_text(f"{where}[{text!r}]", value))})
    return checked


def drop_secrets(fields: Mapping[str, str]) -> dict[str, str]:
    """Return header fields without those that carry secrets."""
    return {name: value for name, value in fields.items() if not is_sensitive(name)}
