"""The listening socket, and the host names that clients may use."""

import ipaddress
import socket
from dataclasses import dataclass
from typing import Final

from gentrace.local.allowed_hosts import AllowedHosts
from gentrace.local.settings import Settings

BACKLOG: Final = 2048


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a server listens: its socket, its URL and the allowed `Host` headers."""

    listener: socket.socket
    url: str
    hosts: AllowedHosts


def listen(settings: Settings) -> Endpoint:
    """Open the listening socket; ValueError for an invalid setting, OSError if it fails."""
    listener = _listen(settings)
    try:
        host, port = listener.getsockname()[:2]
        any_address = ipaddress.ip_address(host).is_unspecified
        own = (_literal(host), _literal(settings.host or "localhost"))
        own_names = [f"{name}:{port}" for name in (*own, "localhost", "127.0.0.1", "[::1]")]
        names = [*own_names, *settings.allowed_hosts]
        hosts = AllowedHosts(names, port, any_address=any_address)
    except BaseException:
        listener.close()
        raise
    # A server that listens on all addresses is reached by loopback.
    loopback = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "[::1]"}[listener.family]
    return Endpoint(listener, f"http://{loopback if any_address else _literal(host)}:{port}", hosts)


def _listen(settings: Settings) -> socket.socket:
    try:
        addresses = socket.getaddrinfo(
            settings.host or None, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, _, _, _, address = addresses[0]
        if not ipaddress.ip_address(address[0]).is_loopback and settings.token is None:
            raise ValueError(
                f"without a token it listens on loopback, not on {settings.host!r}; give it one,"
                " such as by GENTRACE_LOCAL_TOKEN"
            )
        return socket.create_server(address, family=family, backlog=BACKLOG)
    except UnicodeError as error:
        raise ValueError(f"the host must be the name of one, not {settings.host!r}") from error
    except OSError as error:
        address_text = f"{_literal(settings.host)}:{settings.port}"
        # Python adds the address in brackets, and it is in the message already.
        reason = str(error.strerror).partition(" (")[0]
        raise OSError(f"cannot listen on {address_text}: {reason}") from error


def _literal(host: str) -> str:
    return f"[{host}]" if ":" in host else host
