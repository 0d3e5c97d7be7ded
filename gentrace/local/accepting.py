"""Taking connections in: no more at once than there is room for, and with nothing in the way."""

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from typing import Final, Protocol

MAX_CONNECTIONS: Final = 1000
# Descriptors that are left for the database and for the program that the server runs in.
OTHER_DESCRIPTORS: Final = 32
LEAST_CONNECTIONS: Final = 4
# Seconds between two looks for a place, and before another try without a descriptor.
PAUSE: Final = 0.1
# Seconds after which a connection without a request gives way to one that waits.
IDLE: Final = 1.0
EXHAUSTED: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

logger = logging.getLogger("gentrace.local")


class Visitor(Protocol):
    """A connection, as the room knows it."""

    def leave(self) -> None:
        """Close the connection, which has no request under way."""


class Room:
    """The places for connections, of which one without a request gives way when all are taken."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._all: set[Visitor] = set()
        # Since when each has been without a request, the longest first.
        self._idle: dict[Visitor, float] = {}
        self._said: set[str] = set()

    def enter(self, visitor: Visitor) -> None:
        """Count a connection that has begun."""
        self._all.add(visitor)

    def leave(self, visitor: Visitor) -> None:
        """Count a connection that has ended."""
        self._all.discard(visitor)
        self._idle.pop(visitor, None)

    def rest(self, visitor: Visitor) -> None:
        """Note that a connection has no request under way."""
        self._idle.setdefault(visitor, asyncio.get_running_loop().time())

    def begin(self, visitor: Visitor) -> None:
        """Note that a connection has a request under way."""
        self._idle.pop(visitor, None)

    async def wait(self) -> None:
        """Wait for a place."""
        while len(self._all) >= self._size:
            self.say(f"all {self._size} connections are in use; further clients wait")
            longest = next(iter(self._idle.items()), None)
            if longest is not None and asyncio.get_running_loop().time() - longest[1] > IDLE:
                longest[0].leave()
            await asyncio.sleep(PAUSE)

    def say(self, words: str) -> None:
        """Log what would come again and again, once."""
        if words not in self._said:
            self._said.add(words)
            logger.warning("%s; this is said once", words)


def room_size() -> int:
    """Work out how many connections there may be, by how many descriptors the process may have."""
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:
        return MAX_CONNECTIONS
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return min(max(limit - OTHER_DESCRIPTORS, LEAST_CONNECTIONS), MAX_CONNECTIONS)


async def accept(listener: socket.socket, room: Room, make: Callable[[], asyncio.Protocol]) -> None:
    """Take connections in until this is cancelled; `make` makes the protocol of each."""
    loop = asyncio.get_running_loop()
    listener.setblocking(False)
    while True:
        await room.wait()
        try:
            stream, _ = await loop.sock_accept(listener)
        except OSError as error:
            # Any other is about a client that has gone before it was taken in.
            if error.errno in EXHAUSTED:
                room.say(f"cannot take a client in: {error.strerror}")
                await asyncio.sleep(PAUSE)
            continue
        await loop.connect_accepted_socket(make, stream)
