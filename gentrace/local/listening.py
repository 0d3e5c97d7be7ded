"""The socket that a server listens on, and the names by which clients may call it."""

import ipaddress
import socket
from dataclasses import dataclass
from typing import Final

from gentrace.local.gate import Hosts
from gentrace.local.settings import Settings

BACKLOG: Final = 2048


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server listens: its socket, its URL and what the `Host` of a request may be."""

    listener: socket.socket
    url: str
    hosts: Hosts


def listen(settings: Settings) -> Place:
    """Listen as the settings say; ValueError for a setting that cannot be, OSError if it fails."""
    listener = _listen(settings)
    try:
        host, port = listener.getsockname()[:2]
        everywhere = ipaddress.ip_address(host).is_unspecified
        own = (_literal(host), _literal(settings.host or "localhost"))
        names = [*own, "localhost", "127.0.0.1", "[::1]", *settings.allowed_hosts]
        hosts = Hosts.of(names, port, any_address=everywhere)
    except BaseException:
        listener.close()
        raise
    # A server on all addresses is on loopback too.
    near = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "[::1]"}[listener.family]
    return Place(listener, f"http://{near if everywhere else _literal(host)}:{port}", hosts)


def _listen(settings: Settings) -> socket.socket:
    try:
        found = socket.getaddrinfo(
            settings.host or None, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, _, _, _, address = found[0]
        if not ipaddress.ip_address(address[0]).is_loopback and settings.token is None:
            raise ValueError(f"without a token it listens on loopback, not on {settings.host!r}")
        return socket.create_server(address, family=family, backlog=BACKLOG)
    except UnicodeError as error:
        raise ValueError(f"the host must be the name of one, not {settings.host!r}") from error
    except OSError as error:
        place = f"{_literal(settings.host)}:{settings.port}"
        # Without the address, which Python adds in brackets.
        words = str(error.strerror).partition(" (")[0]
        raise OSError(f"cannot listen on {place}: {words}") from error


def _literal(host: str) -> str:
    return f"[{host}]" if ":" in host else host
