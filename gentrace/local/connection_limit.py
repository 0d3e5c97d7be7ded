"""Accepting connections, with a limit on how many are open at once."""

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from typing import Final

MAX_CONNECTIONS: Final = 1000
# File descriptors that are left for the database and for the program that runs the server.
RESERVED_DESCRIPTORS: Final = 32
MIN_CONNECTIONS: Final = 4
# Seconds between two checks for a free slot, and before a retry without free descriptors.
POLL_INTERVAL: Final = 0.1
# Seconds after which an idle connection may be closed in favour of a waiting client.
MIN_IDLE_TIME: Final = 1.0
RESOURCE_ERRORS: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

logger = logging.getLogger("gentrace.local")


class ConnectionLimit:
    """Limits the open connections; at the limit, the one that was idle longest is closed."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._open: set[asyncio.Transport] = set()
        # The time since when each connection is idle, the longest idle first.
        self._idle: dict[asyncio.Transport, float] = {}
        self._warned: set[str] = set()

    def add(self, connection: asyncio.Transport) -> None:
        """Count a connection that was opened."""
        self._open.add(connection)

    def remove(self, connection: asyncio.Transport) -> None:
        """Stop counting a connection that was closed."""
        self._open.discard(connection)
        self._idle.pop(connection, None)

    def mark_idle(self, connection: asyncio.Transport) -> None:
        """Note that a connection has no request in progress."""
        self._idle.setdefault(connection, asyncio.get_running_loop().time())

    def mark_busy(self, connection: asyncio.Transport) -> None:
        """Note that a connection has a request in progress."""
        self._idle.pop(connection, None)

    async def wait_for_slot(self) -> None:
        """Wait until one more connection may be opened."""
        while len(self._open) >= self._size:
            self.warn_once(f"all {self._size} connections are in use; further clients wait")
            longest = next(iter(self._idle.items()), None)
            if (
                longest is not None
                and asyncio.get_running_loop().time() - longest[1] > MIN_IDLE_TIME
            ):
                longest[0].close()
            await asyncio.sleep(POLL_INTERVAL)

    def warn_once(self, message: str) -> None:
        """Log a warning, unless the same one was logged before."""
        if message not in self._warned:
            self._warned.add(message)
            logger.warning("%s; this is said once", message)


def max_connections() -> int:
    """Return how many connections may be open, by the limit on open file descriptors."""
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:
        return MAX_CONNECTIONS
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return min(max(limit - RESERVED_DESCRIPTORS, MIN_CONNECTIONS), MAX_CONNECTIONS)


async def accept(
    listener: socket.socket, limit: ConnectionLimit, make_protocol: Callable[[], asyncio.Protocol]
) -> None:
    """Accept connections until cancelled; `make_protocol` makes the protocol of each."""
    loop = asyncio.get_running_loop()
    listener.setblocking(False)
    while True:
        await limit.wait_for_slot()
        try:
            stream, _ = await loop.sock_accept(listener)
        except OSError as error:
            # Any other error concerns a client that disconnected before it was accepted.
            if error.errno in RESOURCE_ERRORS:
                limit.warn_once(f"cannot take a client in: {error.strerror}")
                await asyncio.sleep(POLL_INTERVAL)
            continue
        await loop.connect_accepted_socket(make_protocol, stream)
