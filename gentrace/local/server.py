"""The server itself: its socket, its thread and its end."""

import asyncio
import ipaddress
import math
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from gentrace.local.app import API, PipelineRuns
from gentrace.local.connection import Connection
from gentrace.local.gate import Gate, Hosts
from gentrace.local.store import Store

MIB: Final = 2**20
MAX_BODY: Final = 64 * MIB
# SQLite holds no value larger than 1,000,000,000 bytes.
LARGEST_BODY: Final = 900 * MIB
TIMEOUT: Final = 60.0
LAST_PORT: Final = 65535
# Seconds that requests under way get when the server is told to stop.
GRACE: Final = 2
WORKERS: Final = 4
BACKLOG: Final = 2048


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a server is set up; ValueError says which setting cannot be.

    `port` 0 is a free one. `database` None is a private file that is removed at the end. `token`
    None lets everyone in who reaches the server, so it is refused for a `host` beyond loopback.
    `max_body` is in bytes, and bounds a body both as sent and decompressed. `timeout` is in
    seconds: for a request's head, for its body, for the check of it, and for a client that takes
    in no more of its answer. `allowed_hosts` are further names (`NAME` or `NAME:PORT`) by which
    clients may call the server, such as the one of this machine.
    """

    host: str = "127.0.0.1"
    port: int = 0
    database: str | PathLike[str] | None = None
    token: str | None = field(default=None, repr=False)
    max_body: int = MAX_BODY
    timeout: float = TIMEOUT
    allowed_hosts: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Check what can be checked without touching network or disk."""
        if not 0 <= self.port <= LAST_PORT:
            raise ValueError(f"the port must be from 0 to {LAST_PORT}, not {self.port}")
        if not 1 <= self.max_body <= LARGEST_BODY:
            raise ValueError(
                f"the largest body must be from 1 to {LARGEST_BODY} bytes, not {self.max_body}"
            )
        if not 0 < self.timeout < float("inf"):
            raise ValueError(f"the time-out must be a number of seconds, not {self.timeout}")
        # Never repeated in a message. Beyond latin-1 no client could send it in a header.
        if self.token is not None and not _can_be_sent(self.token):
            raise ValueError("the token must be printable latin-1 text without spaces, not empty")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: `url` is the `host` of a `Configuration`, `database` where it stores."""

    url: str
    database: Path


@contextmanager
def serve(
    *,
    database: str | PathLike[str] | None = None,
    token: str | None = None,
    max_body: int = MAX_BODY,
    timeout: float = TIMEOUT,
    middleware: Callable[[ASGIApp], ASGIApp] | None = None,
) -> Generator[Server]:
    """Run a server on a free port of loopback, in a thread, for as long as the `with` block.

    Without `database`, it stores in a private file that is gone afterwards. `middleware` gets the
    endpoints as an ASGI application and gives what is to be served in their place, such as one
    that answers some requests itself; None serves them as they are. A request that it wants to
    end unanswered, it ends by calling `scope["state"][CLOSE]`. Raises ValueError for a setting
    that cannot be (see `Settings`) and OSError if it cannot store or listen.
    """
    settings = Settings(database=database, token=token, max_body=max_body, timeout=timeout)
    with _opened(settings, middleware) as (peer, server):
        thread = threading.Thread(target=peer.run_aside, name="gentrace-local", daemon=True)
        thread.start()
        try:
            peer.settled.wait()
            if peer.failure is not None:
                raise OSError("the server did not start") from peer.failure
            yield server
        finally:
            peer.should_exit = True
            thread.join()


def run(settings: Settings, announce: Callable[[Server], None]) -> None:
    """Run a server in this thread, which must be the main one, until SIGTERM or Ctrl-C.

    `announce` is called once it listens. Raises OSError if it cannot store or listen.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with _opened(settings) as (peer, server):

            def stop(_signal: int, _frame: object) -> None:
                peer.should_exit = True

            # While it serves, uvicorn puts its own handlers in place of these, and raises the
            # signal again when it has ended: for these to take, rather than for the process to
            # die of it.
            for number in before:
                signal.signal(number, stop)
            announce(server)
            peer.run(sockets=[peer.listener])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _opened(
    settings: Settings, middleware: Callable[[ASGIApp], ASGIApp] | None = None
) -> Generator[tuple["_Peer", Server]]:
    with ExitStack() as stack:
        listener = stack.enter_context(_listen(settings))
        host, port = listener.getsockname()[:2]
        everywhere = ipaddress.ip_address(host).is_unspecified
        own = (_literal(host), _literal(settings.host or "localhost"))
        names = [*own, "localhost", "127.0.0.1", "[::1]", *settings.allowed_hosts]
        hosts = Hosts.of(names, port, any_address=everywhere)
        if settings.database is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="gentrace-"))
            database = Path(folder) / "gentrace.sqlite3"
        else:
            database = Path(settings.database).absolute()
        store = stack.enter_context(closing(Store(database)))
        workers = stack.enter_context(ThreadPoolExecutor(WORKERS, "gentrace-local"))
        runs = PipelineRuns(store, workers, settings.max_body, settings.timeout)
        stack.callback(runs.stop)
        app: ASGIApp = runs.app()
        if middleware is not None:
            app = middleware(app)
        peer = _Peer(Gate(app, hosts, settings.token), listener, settings.timeout)
        # A server on all addresses is on loopback too.
        near = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "[::1]"}[listener.family]
        yield peer, Server(f"http://{near if everywhere else _literal(host)}:{port}{API}", database)


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


class _Peer(uvicorn.Server):
    """uvicorn, set up for `app` on a socket that listens already.

    `settled` is set once it serves, or does not and has its `failure`.
    """

    def __init__(self, app: Gate, listener: socket.socket, timeout: float) -> None:
        config = uvicorn.Config(
            app,
            interface="asgi3",
            loop="asyncio",
            http=Connection.within(timeout),
            ws="none",
            lifespan="off",
            # Logging is the program's own matter.
            log_config=None,
            workers=1,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=math.ceil(timeout),
            timeout_graceful_shutdown=GRACE,
        )
        super().__init__(config)
        self.listener = listener
        self.settled = threading.Event()
        self.failure: BaseException | None = None

    def run_aside(self) -> None:
        """Run in a thread that is not the main one, and keep what goes wrong."""
        try:
            self.run(sockets=[self.listener])
        except BaseException as error:  # noqa: BLE001 - the thread that waits raises it
            self.failure = error
        finally:
            self.settled.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.settled.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        # What uvicorn cancelled says so to its client; then no client can hold the server up.
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=GRACE)
        for connection in self.server_state.connections:
            connection.transport.abort()


def _literal(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _can_be_sent(token: str) -> bool:
    try:
        token.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return token.isprintable() and token != "" and not any(map(str.isspace, token))
