"""A local server for tests, which shows what it stored and can inject faults."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import closing, contextmanager
from sqlite3 import connect  # this one, as a test may replace that of the module
from typing import TYPE_CHECKING, Any, Final

from gentrace.clock import now
from gentrace.configuration import (
    check_flag,
    check_header_text,
    check_integer,
    check_positive,
    check_seconds,
)

# This import comes first: without the dependencies, it raises the error that names them.
from gentrace.local import serve as serve_locally
from gentrace.local.tables import delete, iterate_runs
from gentrace.testing.traffic import Delay, Drop, Failure, Traffic

if TYPE_CHECKING:
    from pathlib import Path

MIN_STATUS: Final = 300
MAX_STATUS: Final = 599
MAX_SECONDS: Final = 2**31 - 1
LOOK_INTERVAL: Final = 1.0
"""Seconds after which stored runs are looked for without notice."""


@contextmanager
def serve() -> Generator[Server]:
    """Run a server on a free port of loopback for a `with` block.

    Its runs are deleted at the end. The environment is not changed.

    Raises:
        ImportError: the extra `local` is not installed.
        OSError: it cannot store or listen.

    """
    traffic = Traffic()
    with serve_locally(middleware=traffic.wrap) as local_server:
        try:
            yield Server(local_server.url, local_server.database, traffic)
        finally:
            traffic.clear()


class Server:
    """A running server: the runs that it stored, and the faults for the next requests.

    It reads the database of the server: its own requests would take faults, and a test may refuse
    all connections.

    `fail`, `delay` and `drop` append to one queue; each request, of any kind, takes the next fault.

    Attributes:
        url: the `host` of a `Configuration`.

    """

    def __init__(self, url: str, database: Path, traffic: Traffic) -> None:
        self.url = url
        self._database = database
        self._traffic = traffic

    def __repr__(self) -> str:
        return f"Server({self.url!r})"

    @property
    def runs(self) -> list[dict[str, Any]]:
        """The bodies of the stored runs as they were sent, oldest first.

        Raises:
            RuntimeError: the server is closed, and has deleted them.

        """
        if not self._database.exists():
            raise RuntimeError("the server is closed: read its runs inside of the with block")
        with closing(connect(self._database)) as database:
            return [json.loads(body) for _, _, _, body in iterate_runs(database)]

    def wait_for_runs(self, count: int, timeout: float = 5.0) -> list[dict[str, Any]]:
        """Wait until `count` runs are stored, or more.

        Args:
            count: how many, since the server was started or cleared.
            timeout: how long to wait at most, in seconds; `math.inf` waits without limit.

        Returns:
            The stored runs, as `runs`.

        Raises:
            TimeoutError: fewer came in time; it says how many.
            RuntimeError: the server is closed.
            ApiTypeError: an argument of the wrong type.
            ApiValueError: a count below 0, or a time-out that is not a number.

        """
        check_integer("count", count, "a whole number from 0", 0)
        deadline = now() + check_seconds("timeout", timeout, infinite=True)
        while True:
            stored_before = self._traffic.stored
            runs = self.runs
            missing = count - len(runs)
            if missing <= 0:
                return runs
            left = deadline - now()
            if left <= 0:
                raise TimeoutError(f"expected {count} runs within {timeout:g} s, {len(runs)} came")
            # Look again now and then: a forked child is never notified.
            self._traffic.wait_until_stored(stored_before + missing, min(left, LOOK_INTERVAL))

    def fail(self, status: int = 503, times: int = 1, retry_after: int | str | None = None) -> None:
        """Answer the next requests with an error, and store nothing.

        Args:
            status: HTTP status, 300 to 599.
            times: how many requests.
            retry_after: value of the header field `Retry-After`: whole seconds, or any text, such
                as a date as HTTP has it; None leaves it out.

        Raises:
            ApiTypeError: an argument of the wrong type.
            ApiValueError: a status, number of times or value that is not allowed.

        """
        expected = f"a whole number from {MIN_STATUS} to {MAX_STATUS}"
        check_integer("status", status, expected, MIN_STATUS, MAX_STATUS)
        field = None if retry_after is None else _check_field("retry_after", retry_after)
        self._traffic.add(Failure(status, field), check_positive("times", times))

    def delay(self, seconds: float, times: int = 1) -> None:
        """Make the next requests wait before they are processed.

        Args:
            seconds: how long.
            times: how many requests.

        Raises:
            ApiTypeError: an argument of the wrong type.
            ApiValueError: a time or number of times that is not allowed.

        """
        self._traffic.add(Delay(check_seconds("seconds", seconds)), check_positive("times", times))

    def drop(self, times: int = 1, stored: bool = False) -> None:
        """Close the connections of the next requests without a response.

        Args:
            times: how many requests.
            stored: whether the run is stored first.

        Raises:
            ApiTypeError: an argument of the wrong type.
            ApiValueError: a number of times that is not allowed.

        """
        self._traffic.add(Drop(check_flag("stored", stored)), check_positive("times", times))

    def clear(self) -> None:
        """Delete the stored runs and the queued faults; delayed requests get no response."""
        self._traffic.clear()
        with closing(connect(self._database)) as database, database:
            delete(database, [position for position, _, _, _ in iterate_runs(database)])


def _check_field(name: str, value: object) -> str:
    if isinstance(value, str):
        return check_header_text(name, value)
    expected = f"whole seconds from 0 to {MAX_SECONDS}, or a text"
    return str(check_integer(name, value, expected, 0, MAX_SECONDS))
