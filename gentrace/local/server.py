"""The server: its parts are connected, started and closed here."""

import asyncio
import atexit
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from os import PathLike
from pathlib import Path
from typing import Final, Self

from starlette.types import ASGIApp

from gentrace.directories import absolute
from gentrace.local.app import API, make_app
from gentrace.local.gate import Gate
from gentrace.local.http_server import HttpServer
from gentrace.local.ingestion import Ingestion
from gentrace.local.listener import listen
from gentrace.local.retrieval import Retrieval
from gentrace.local.settings import MAX_BODY, TIMEOUT, Settings, check_callable
from gentrace.local.storage_errors import StorageError, WriteCancelledError
from gentrace.local.store import Store
from gentrace.local.threads import ThreadPool, large_stacks
from gentrace.local.writing import Retention
from gentrace.process import current_process
from gentrace.tracebacks import hide_arguments

# Separate threads for storing and for reading, so that neither blocks the other.
WRITERS: Final = 4
READERS: Final = 4
# Seconds between two deletions of runs that are no longer kept.
PRUNE_INTERVAL: Final = 60.0
# Of these, Windows has no SIGHUP, which a program gets when its terminal is closed.
STOP_SIGNALS: Final = [
    signal.Signals[name]
    for name in ("SIGINT", "SIGTERM", "SIGHUP")
    if name in signal.Signals.__members__
]

Middleware = Callable[[ASGIApp], ASGIApp]


class Server:
    """A running server: `url` is the `host` of a `Configuration`, `database` where it stores.

    It runs until `close()`, the end of its `with` block, or the end of the program. In a forked
    child, `close()` does nothing.
    """

    url: str
    database: Path

    def __init__(self, settings: Settings, middleware: Middleware | None = None) -> None:
        if middleware is not None:
            check_callable("middleware", middleware)
        self._process = current_process()
        self._cleanup = ExitStack()
        try:
            self._open(settings, middleware)
        except BaseException:
            self._cleanup.close()
            raise

    def __repr__(self) -> str:
        return f"Server(url={self.url!r}, database={self.database!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the server, and delete its database if it is a temporary one. May be repeated."""
        if self._process == current_process():
            self._cleanup.close()

    def start(self) -> None:
        """Start in a thread of its own; OSError if that fails."""
        thread = threading.Thread(
            target=self._http_server.run_in_background, name="gentrace-local", daemon=True
        )

        def stop() -> None:
            self._http_server.should_exit = True
            if thread.is_alive():
                thread.join()

        self._cleanup.callback(stop)
        with large_stacks():
            thread.start()
        self._http_server.settled.wait()
        if self._http_server.failure is not None:
            raise OSError("the server did not start") from self._http_server.failure
        atexit.register(self.close)
        self._cleanup.callback(atexit.unregister, self.close)

    def run(self) -> None:
        """Run in the calling thread, which must be the main one, until `stop` or a signal."""
        self._http_server.run(sockets=[self._http_server.listener])

    def stop(self) -> None:
        """Make `run` return soon."""
        self._http_server.should_exit = True

    def _open(self, settings: Settings, middleware: Middleware | None) -> None:
        # The clean-up runs in reverse order.
        endpoint = listen(settings)
        self._cleanup.callback(endpoint.listener.close)
        store = self._open_store(settings)
        writers = self._cleanup.enter_context(ThreadPool(WRITERS, "gentrace-local-writer"))
        readers = self._cleanup.enter_context(ThreadPool(READERS, "gentrace-local-reader"))
        ingestion = Ingestion(store.writer, writers, settings.max_body, settings.timeout)
        self._cleanup.callback(ingestion.stop)
        self._cleanup.callback(store.reader.stop)
        retrieval = Retrieval(store.reader, store.writer, readers, writers)
        app: ASGIApp = make_app(ingestion, retrieval)
        if middleware is not None:
            app = middleware(app)

        async def maintain() -> None:
            while settings.keep is not None:
                await asyncio.sleep(PRUNE_INTERVAL)
                # The next request that stores a run reports what is wrong with the database.
                with suppress(StorageError, WriteCancelledError):
                    await writers.run(store.prune)

        self._http_server = HttpServer(
            Gate(app, endpoint.hosts, settings.token), endpoint.listener, settings.timeout, maintain
        )
        self.url = f"{endpoint.url}{API}"

    def _open_store(self, settings: Settings) -> Store:
        if settings.database is None:
            folder = Path(tempfile.mkdtemp(prefix="gentrace-"))
            self._cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
            self.database = folder / "gentrace.sqlite3"
        else:
            self.database = absolute(settings.database)
        retention = Retention(settings.keep, settings.max_runs)
        # In a thread with a large stack, as upgrading a database parses its runs.
        with ThreadPool(1, "gentrace-local-opener") as opener:
            store = opener.submit(Store, self.database, retention).result()
        self._cleanup.callback(store.close)
        return store


@hide_arguments
def serve(  # noqa: PLR0913 - one argument a setting
    *,
    database: str | PathLike[str] | None = None,
    token: str | None = None,
    max_body: int = MAX_BODY,
    timeout: float = TIMEOUT,
    keep: float | None = None,
    max_runs: int | None = None,
    middleware: Middleware | None = None,
) -> Server:
    """Run a server on a free port of loopback, in a thread, until it is closed.

    It is closed at the end of a `with` block, by `close()`, or at the end of the program. Without
    `database`, it stores in a temporary file. For the settings see `Settings`. `middleware` takes
    the endpoints as an ASGI application and returns the application to serve instead, such as one
    that answers some requests itself; None serves the endpoints. To end a request without a
    response, it calls `scope["state"]["gentrace.close"]()`.
    Raises TypeError or ValueError for an invalid setting, and OSError if it cannot store or
    listen.
    """
    settings = Settings(
        database=database,
        token=token,
        max_body=max_body,
        timeout=timeout,
        keep=keep,
        max_runs=max_runs,
    )
    server = Server(settings, middleware)
    try:
        server.start()
    except BaseException:
        server.close()
        raise
    return server


def run(settings: Settings, announce: Callable[[Server], None]) -> None:
    """Run a server in the calling thread, the main one, until Ctrl-C, SIGTERM or SIGHUP.

    `announce` is called once it listens. Raises OSError if it cannot store or listen.
    """
    check_callable("announce", announce)
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    try:
        with Server(settings) as server:

            def stop(_signal: int, _frame: object) -> None:
                server.stop()

            # While it serves, uvicorn replaces these handlers with its own. After its shutdown it
            # raises the signal again; without these handlers that would kill the process.
            for number, handler in before.items():
                if handler is not signal.SIG_IGN:  # as nohup has SIGHUP ignored
                    signal.signal(number, stop)
            announce(server)
            server.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
