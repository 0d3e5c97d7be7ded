"""Proxies: the URL of one, and which one the environment selects, by the same variables as curl."""

from __future__ import annotations

import os
from binascii import b2a_base64
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from gentrace.configuration.secrets import Headers, Secret, SecretBytes

DEFAULT_PORTS = {"http": 80, "https": 443}


class ProxyUrl(Secret):
    """The URL of a proxy, validated by `check_proxy`; its `repr` is masked."""

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
        """The URL without user and password."""
        return f"{self.scheme}://{urlsplit(self).netloc.rpartition('@')[2]}"

    @property
    def username(self) -> Secret:
        """The user; empty if there is none."""
        return _unescape(urlsplit(self).username or "")

    @property
    def password(self) -> Secret:
        """The password; empty if there is none."""
        return _unescape(urlsplit(self).password or "")

    @property
    def secrets(self) -> list[str]:
        """The password, decoded and as it stands in the URL."""
        return [self.password, Secret(urlsplit(self).password or "")]

    def make_fields(self, given: Mapping[str, str]) -> Headers:
        """Return the header fields for the proxy alone: its authorization and those `given`."""
        fields = Headers()
        if self.username or self.password:
            escaped = Secret(urlsplit(self).netloc.rpartition("@")[0])
            # The octets of the escapes, whatever their encoding is, as curl sends them.
            login = SecretBytes(unquote_to_bytes(escaped if ":" in escaped else f"{escaped}:"))
            fields["Proxy-Authorization"] = Secret(
                f"Basic {b2a_base64(login, newline=False).decode()}"
            )
        fields.replace({name: Secret(value) for name, value in given.items()})
        return fields


def _unescape(text: str) -> Secret:
    """Decode an escaped text, of UTF-8 or else latin-1.

    A proxy may repeat a password, which can be masked only if it is decoded as it was meant.
    """
    try:
        return Secret(unquote(text, errors="strict"))
    except UnicodeDecodeError:
        return Secret(unquote(text, "latin-1"))


def find_proxy(scheme: str, host: str, port: int) -> tuple[str, str] | None:
    """Return the variable that holds the proxy of an origin, and its URL; None if there is none.

    That is `http_proxy` or `https_proxy`, or else `all_proxy`, unless `no_proxy` lists the host.
    Each name may be in upper case. The one in lower case wins unless it is empty; an empty
    `http_proxy` wins too.
    """
    variable, address = _read_first(f"{scheme}_proxy", "all_proxy")
    excluded = _read_first("no_proxy")[1].lower().replace(",", " ").split()
    name = host.lower().removesuffix(".")
    if not address or any(_matches(entry, name, port) for entry in excluded):
        return None
    return variable, address if "://" in address else f"http://{address}"


def _read_first(*names: str) -> tuple[str, str]:
    """Return the first variable that is not empty, and its value."""
    for name in names:
        for spelling in _spellings(name):
            value = os.environ.get(spelling, "").strip()
            if value:
                return spelling, value
    return "", ""


def _spellings(name: str) -> tuple[str, ...]:
    # curl reads no HTTP_PROXY: under CGI, it holds the request header "Proxy" (httpoxy).
    if name == "http_proxy" and (name in os.environ or "REQUEST_METHOD" in os.environ):
        return (name,)
    return name, name.upper()


def _matches(entry: str, host: str, port: int) -> bool:
    """Tell whether an entry of `no_proxy` matches a host: `*`, a name, an address or a network.

    It may end with a port. An invalid entry matches nothing.
    """
    name, colon, excluded_port = entry.rpartition(":")
    if colon and (":" not in name or name.endswith("]") or "/" in name):
        if excluded_port != str(port):
            return False
        entry = name
    if entry == "*":
        return True
    entry = entry.strip("[].")
    try:
        address = ip_address(host)
    except ValueError:
        return f".{host}".endswith(f".{entry}")
    try:
        return address in ip_network(entry, strict=False)
    except ValueError:
        return False
