"""Which proxy the environment names for an address: the variables that curl reads."""

from __future__ import annotations

import os
from ipaddress import ip_address, ip_network


def find_proxy(scheme: str, host: str, port: int) -> str | None:
    """Return the address of the environment's proxy for an origin; None if it has none.

    `http_proxy` or `https_proxy`, or else `all_proxy`, unless `no_proxy` lists the host; each name
    may be in capitals, and the one in small letters wins.
    """
    address = _variable(f"{scheme}_proxy") or _variable("all_proxy")
    if not address or _is_listed(host.lower(), port, _variable("no_proxy")):
        return None
    return address if "://" in address else f"http://{address}"


def _variable(name: str) -> str:
    value = os.environ.get(name)
    # Under CGI, HTTP_PROXY is what a client sent as the header "Proxy".
    if value is None and not (name == "http_proxy" and "REQUEST_METHOD" in os.environ):
        value = os.environ.get(name.upper())
    return (value or "").strip()


def _is_listed(host: str, port: int, listed: str) -> bool:
    return any(_covers(entry.lower(), host, port) for entry in listed.replace(",", " ").split())


def _covers(entry: str, host: str, port: int) -> bool:
    """Tell whether an entry of `no_proxy` is this host: `*`, a name, an address or a network."""
    if entry == "*":
        return True
    name, _, wanted = entry.rpartition(":")
    if wanted.isdigit() and (":" not in name or name.endswith("]")):
        if int(wanted) != port:
            return False
        entry = name
    entry = entry.strip("[]")
    try:
        address = ip_address(host)
    except ValueError:
        entry = entry.strip(".")
        return bool(entry) and (host == entry or host.endswith(f".{entry}"))
    try:
        return address in ip_network(entry, strict=False)
    except ValueError:
        return False
