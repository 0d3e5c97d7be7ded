"""Proxies: the address of one, and which one the environment names, in the variables of curl."""

from __future__ import annotations

import os
from binascii import b2a_base64
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from gentrace.configuration.secrets import Headers, Secret, SecretBytes

if TYPE_CHECKING:
    from collections.abc import Mapping


class ProxyUrl(Secret):
    """The address of a proxy, which `check_proxy` has passed; it shows itself masked."""

    __slots__ = ()

    @property
    def scheme(self) -> str:
        """Its scheme, in lower case."""
        return urlsplit(self).scheme

    @property
    def host(self) -> str:
        """Its host."""
        return urlsplit(self).hostname or ""

    @property
    def shown(self) -> str:
        """The address without user and password."""
        return f"{self.scheme}://{urlsplit(self).netloc.rpartition('@')[2]}"

    @property
    def username(self) -> Secret:
        """The user; empty for none."""
        return Secret(unquote(urlsplit(self).username or ""))

    @property
    def password(self) -> Secret:
        """The password; empty for none."""
        return Secret(unquote(urlsplit(self).password or ""))

    @property
    def secrets(self) -> list[str]:
        """The password, as it is and as it stands in the address."""
        return [self.password, Secret(urlsplit(self).password or "")]

    def make_fields(self, given: Mapping[str, str]) -> Headers:
        """Return the header fields for the proxy alone: `given`, and who asks."""
        fields = Headers()
        if self.username or self.password:
            login = _encode(f"{self.username}:{self.password}")
            fields["Proxy-Authorization"] = Secret(
                f"Basic {b2a_base64(login, newline=False).decode()}"
            )
        fields.replace({name: Secret(value) for name, value in given.items()})
        return fields


def _encode(login: str) -> SecretBytes:
    """Return the octets of a login: UTF-8 where latin-1 has none of a character."""
    try:
        return SecretBytes(login, "latin-1")
    except UnicodeEncodeError:
        return SecretBytes(login, "utf-8")


def find_proxy(scheme: str, host: str, port: int) -> str | None:
    """Return the address of the environment's proxy for an origin; None if it has none.

    `http_proxy` or `https_proxy`, or else `all_proxy`, unless `no_proxy` lists the host; each name
    may be in capitals, and the one in small letters wins.
    """
    address = _variable(f"{scheme}_proxy") or _variable("all_proxy")
    listed = _variable("no_proxy").lower().replace(",", " ").split()
    if not address or any(_covers(entry, host.lower().removesuffix("."), port) for entry in listed):
        return None
    return address if "://" in address else f"http://{address}"


def _variable(name: str) -> str:
    value = os.environ.get(name)
    # Under CGI, HTTP_PROXY is what a client sent as the header "Proxy".
    if value is None and not (name == "http_proxy" and "REQUEST_METHOD" in os.environ):
        value = os.environ.get(name.upper())
    return (value or "").strip()


def _covers(entry: str, host: str, port: int) -> bool:
    """Tell whether an entry of `no_proxy` is this host: `*`, a name, an address or a network.

    A port may stand behind it; an entry that is none of these is passed over.
    """
    if entry == "*":
        return True
    name, colon, wanted = entry.rpartition(":")
    if colon and (":" not in name or name.endswith("]")):
        if wanted != str(port):
            return False
        entry = name
    entry = entry.strip("[].")
    try:
        address = ip_address(host)
    except ValueError:
        return bool(entry) and f".{host}".endswith(f".{entry}")
    try:
        return address in ip_network(entry, strict=False)
    except ValueError:
        return False
