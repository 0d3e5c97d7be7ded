"""The names by which clients may call the server, a protection against DNS rebinding."""

import ipaddress
import re
from collections.abc import Collection
from typing import Final

AUTHORITY: Final = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:@/*\s]+)(?::([0-9]{1,5}))?")


class AllowedHosts:
    """The allowed `Host` headers; ValueError for a name that cannot stand in one.

    A web page that rebinds its own name to this machine sends that name, and is rejected.
    A name without a port allows every port. `any_address` is for a server that listens on all
    addresses and cannot know them all: it allows every IP address with `port`, as DNS rebinding
    needs a name.
    """

    def __init__(self, names: Collection[str], port: int, *, any_address: bool = False) -> None:
        for name in names:
            if AUTHORITY.fullmatch(name.lower()) is None:
                raise ValueError(f"an allowed host is NAME or NAME:PORT, not {name!r}")
        self._names = frozenset(map(str.lower, names))
        self._port = str(port)
        self._any_address = any_address

    def allow(self, host: str) -> bool:
        """Return whether a `Host` header names this server."""
        match = AUTHORITY.fullmatch(host.lower())
        if match is None:
            return False
        name, port = match[1], match[2] or "80"
        if name in self._names or f"{name}:{port}" in self._names:
            return True
        return self._any_address and port == self._port and _is_address(name.strip("[]"))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
