"""A local server that a test starts, looks into and gives faults to."""

from __future__ import annotations

import http.client
import json
import threading
import uuid
from contextlib import closing, contextmanager
from math import inf
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from gentrace.clock import now
from gentrace.configuration import check_positive, refuse

# Looked up before all others: it says what to install where its dependencies are missing.
from gentrace.local import serve as serve_locally
from gentrace.testing.traffic import OWN_HEADER, Delay, Drop, Failure, Traffic

if TYPE_CHECKING:
    from collections.abc import Generator

PAGE: Final = 1000
PATIENCE: Final = 30.0
FIRST_ERROR: Final = 300
LAST_ERROR: Final = 599


@contextmanager
def serve() -> Generator[Server]:
    """Run a server on a free port of loopback for as long as the `with` block.

    Its runs are gone afterwards. Nothing is set in the environment.

    Raises:
        ImportError: the extra `local` is not installed.
        OSError: it cannot store or listen.

    """
    own = uuid.uuid4().hex
    traffic = Traffic(own)
    with serve_locally(middleware=traffic.wrap) as running:
        try:
            yield Server(running.url, traffic, own)
        finally:
            traffic.clear()


class Server:
    """A running server: what it stored, and what it shall do to the requests to come.

    `fail`, `delay` and `drop` queue up: each request, whatever it asks for, takes the next one.

    Attributes:
        url: the `host` of a `Configuration`.

    """

    def __init__(self, url: str, traffic: Traffic, own: str) -> None:
        self.url = url
        self._traffic = traffic
        self._own = own

    def __repr__(self) -> str:
        return f"Server({self.url!r})"

    @property
    def runs(self) -> list[dict[str, Any]]:
        """The bodies of the stored runs as they were sent, oldest first."""
        return [run["pipelineRun"] for run in reversed(self._list())]

    def wait_for_runs(self, count: int, timeout: float = 5.0) -> list[dict[str, Any]]:
        """Wait until `count` runs are stored, or more.

        Args:
            count: how many, since the server was started or cleared.
            timeout: how long to wait at most, in seconds; `math.inf` waits without limit.

        Returns:
            The stored runs, as `runs`.

        Raises:
            TimeoutError: fewer came in time; it says how many.
            ApiTypeError: an argument of the wrong type.
            ApiValueError: a count below 0, or a time-out that is no number.

        """
        _check_whole("count", count, "a whole number from 0", 0)
        _check_seconds("timeout", timeout, inf)
        end = now() + timeout
        while True:
            seen = self._traffic.stored
            runs = self.runs
            missing = count - len(runs)
            if missing <= 0:
                return runs
            left = end - now()
            if left <= 0:
                raise TimeoutError(f"expected {count} runs within {timeout:g} s, {len(runs)} came")
            # Whether or not it is woken: in a forked child, it is the parent that is.
            self._traffic.wait_until_stored(seen + missing, min(left, threading.TIMEOUT_MAX))

    def fail(self, status: int = 503, times: int = 1, retry_after: int | str | None = None) -> None:
        """Answer the next requests with an error, and store nothing.

        Args:
            status: HTTP status, 300 to 599.
            times: how many requests.
            retry_after: value of the header field `Retry-After`: seconds, or a date as HTTP has
                it; None leaves it out.

        Raises:
            ApiTypeError: an argument of the wrong type.
            ApiValueError: a status, number of times or value that cannot be.

        """
        expected = f"a whole number from {FIRST_ERROR} to {LAST_ERROR}"
        _check_whole("status", status, expected, FIRST_ERROR, LAST_ERROR)
        field = None if retry_after is None else _check_field("retry_after", str(retry_after))
        self._traffic.add(Failure(status, field), check_positive("times", times))

    def delay(self, seconds: float, times: int = 1) -> None:
        """Let the next requests wait before they are taken in, and then answer them.

        Args:
            seconds: how long.
            times: how many requests.

        Raises:
            ApiTypeError: an argument of the wrong type.
            ApiValueError: a time or number of times that cannot be.

        """
        _check_seconds("seconds", seconds)
        self._traffic.add(Delay(seconds), check_positive("times", times))

    def drop(self, times: int = 1, stored: bool = False) -> None:
        """Close the connections of the next requests unanswered.

        Args:
            times: how many requests.
            stored: whether the run is stored first.

        Raises:
            ApiTypeError: an argument of the wrong type.
            ApiValueError: a number of times that cannot be.

        """
        self._traffic.add(Drop(stored), check_positive("times", times))

    def clear(self) -> None:
        """Forget the stored runs and the faults to come; a delayed request ends unanswered."""
        self._traffic.clear()
        for run in self._list():
            self._ask("DELETE", f"/pipeline-runs/{run['pipelineRunId']}")

    def _list(self) -> list[dict[str, Any]]:
        """Give the stored runs, newest first."""
        runs: list[dict[str, Any]] = []
        query = f"?limit={PAGE}"
        while True:
            page = json.loads(self._ask("GET", f"/pipeline-runs{query}"))["pipelineRuns"]
            runs += page
            if len(page) < PAGE:
                return runs
            query = f"?limit={PAGE}&before={page[-1]['pipelineRunId']}"

    def _ask(self, method: str, path: str) -> bytes:
        url = urlsplit(self.url)
        connection = http.client.HTTPConnection(url.netloc, timeout=PATIENCE)
        with closing(connection):
            connection.request(method, url.path + path, headers={OWN_HEADER: self._own})
            answer = connection.getresponse()
            content = answer.read()
        if answer.status not in {http.client.OK, http.client.NO_CONTENT, http.client.NOT_FOUND}:
            raise OSError(f"{method} {path}: the local server answered {answer.status}")
        return content


def _check_whole(name: str, value: object, expected: str, least: int, most: float = inf) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise refuse(name, expected, value, kind=True)
    if not least <= value <= most:
        raise refuse(name, expected, value)


def _check_seconds(name: str, value: object, most: float = threading.TIMEOUT_MAX) -> None:
    expected = "a number of seconds, from 0"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise refuse(name, expected, value, kind=True)
    if not 0 <= value <= most:
        raise refuse(name, expected, value)


def _check_field(name: str, value: str) -> str:
    if not (value.isascii() and value.isprintable() and value == value.strip()):
        raise refuse(name, "printable ASCII with no blank at its ends", value)
    return value
