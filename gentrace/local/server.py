"""The server itself: put together, run, and ended."""

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
from types import TracebackType
from typing import Final, Self

from starlette.types import ASGIApp

from gentrace.local.app import API, make_app
from gentrace.local.gate import Gate
from gentrace.local.ingestion import Ingestion
from gentrace.local.listening import listen
from gentrace.local.peer import Peer
from gentrace.local.process import Process
from gentrace.local.retrieval import Retrieval
from gentrace.local.settings import MAX_BODY, TIMEOUT, Settings, check_callable
from gentrace.local.store import Store
from gentrace.local.trouble import CalledOffError, StorageError
from gentrace.local.work import Workers, own_stacks, work
from gentrace.local.writing import Limits

# Threads that check and store, and threads that read: neither keeps the others waiting.
WRITERS: Final = 4
READERS: Final = 4
# Seconds between two looks for runs that are no longer kept.
UPKEEP: Final = 60.0

Middleware = Callable[[ASGIApp], ASGIApp]


class Server:
    """A running server: `url` is the `host` of a `Configuration`, `database` where it stores.

    It runs until `close()`, the end of the `with` block that it is given to, or the end of the
    program. A forked child has no part of it: closing it there does nothing.
    """

    url: str
    database: Path

    def __init__(self, settings: Settings, middleware: Middleware | None = None) -> None:
        if middleware is not None:
            check_callable("middleware", middleware)
        self._process = Process()
        self._closing = ExitStack()
        try:
            self._open(settings, middleware)
        except BaseException:
            self._closing.close()
            raise

    def __repr__(self) -> str:
        return f"Server(url={self.url!r}, database={self.database!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the server; a database that it made for itself is gone then. Twice is once."""
        if self._process.is_current():
            self._closing.close()

    def start(self) -> None:
        """Run in a thread of its own; OSError if that fails."""
        thread = threading.Thread(target=self._peer.run_aside, name="gentrace-local", daemon=True)

        def stop() -> None:
            self._peer.should_exit = True
            if thread.is_alive():
                thread.join()

        self._closing.callback(stop)
        with own_stacks():
            thread.start()
        self._peer.settled.wait()
        if self._peer.failure is not None:
            raise OSError("the server did not start") from self._peer.failure
        atexit.register(self.close)
        self._closing.callback(atexit.unregister, self.close)

    def run(self) -> None:
        """Run in this thread, which must be the main one, until `stop` or a signal."""
        self._peer.run(sockets=[self._peer.listener])

    def stop(self) -> None:
        """Have `run` end soon."""
        self._peer.should_exit = True

    def _open(self, settings: Settings, middleware: Middleware | None) -> None:
        # What is opened first is closed last.
        place = listen(settings)
        self._closing.callback(place.listener.close)
        store = self._open_store(settings)
        writers = self._closing.enter_context(Workers(WRITERS, "gentrace-local-writer"))
        readers = self._closing.enter_context(Workers(READERS, "gentrace-local-reader"))
        ingestion = Ingestion(store.writer, writers, settings.max_body, settings.timeout)
        self._closing.callback(ingestion.stop)
        retrieval = Retrieval(store.reader, store.writer, readers, writers)
        app: ASGIApp = make_app(ingestion, retrieval)
        if middleware is not None:
            app = middleware(app)

        async def keep_up() -> None:
            while settings.keep is not None:
                await asyncio.sleep(UPKEEP)
                # Whoever stores a run is told what is wrong with the database.
                with suppress(StorageError, CalledOffError):
                    await work(writers, store.forget)

        self._peer = Peer(
            Gate(app, place.hosts, settings.token), place.listener, settings.timeout, keep_up
        )
        self.url = f"{place.url}{API}"

    def _open_store(self, settings: Settings) -> Store:
        if settings.database is None:
            folder = Path(tempfile.mkdtemp(prefix="gentrace-"))
            self._closing.callback(shutil.rmtree, folder, ignore_errors=True)
            self.database = folder / "gentrace.sqlite3"
        else:
            self.database = Path(settings.database).absolute()
        limits = Limits(settings.keep, settings.max_runs)
        # In a thread of ours, as an older database is parsed when it is opened.
        with Workers(1, "gentrace-local-opener") as opener:
            store = opener.submit(Store, self.database, limits).result()
        self._closing.callback(store.close)
        return store


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
    `database`, it stores in a private file that is gone afterwards. For the settings see
    `Settings`. `middleware` gets the endpoints as an ASGI application and gives what is to be
    served in their place, such as one that answers some requests itself; None serves them as they
    are. A request that it wants to end unanswered, it ends by calling `scope["state"][CLOSE]`.
    Raises TypeError or ValueError for a setting that cannot be, and OSError if it cannot store or
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
    """Run a server in this thread, which must be the main one, until SIGTERM or Ctrl-C.

    `announce` is called once it listens. Raises OSError if it cannot store or listen.
    """
    check_callable("announce", announce)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with Server(settings) as server:

            def stop(_signal: int, _frame: object) -> None:
                server.stop()

            # While it serves, uvicorn puts its own handlers in place of these, and raises the
            # signal again when it has ended: for these to take, rather than for the process to
            # die of it.
            for number in before:
                signal.signal(number, stop)
            announce(server)
            server.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
