"""Sending the runs in lines: several at once, in bounded memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from gentrace.api_client import ApiClient
from gentrace.apis.tags.ingestion_api import IngestionApi
from gentrace.backfill.arguments import (
    check_callback,
    check_configuration,
    check_key,
    check_line,
    check_lines,
    check_rate,
    check_state,
)
from gentrace.backfill.keys import key_of_content, key_of_property
from gentrace.backfill.lines import Line, strip_line
from gentrace.backfill.result import BackfillResult, Reject
from gentrace.backfill.runs import read_run
from gentrace.backfill.state import State
from gentrace.backfill.workers import Workers
from gentrace.configuration import Configuration, check_positive
from gentrace.exceptions import (
    ApiException,
    ApiTypeError,
    ApiValueError,
    NotFoundException,
)
from gentrace.operations.operation import is_success
from gentrace.operations.outcomes import kind_of_status
from gentrace.schemas import encode
from gentrace.system_random import system_random

if TYPE_CHECKING:
    from os import PathLike

    from gentrace.model.pipeline_run_request import PipelineRunRequest

MAX_TRIES: Final = 10
"""How often a run is tried before sending ends: about two minutes of an outage."""

MAX_FIRST_TRIES: Final = 3
"""How often the first run is tried, so that a server that is down is reported soon."""

INITIAL_BACKOFF: Final = 0.5
MAX_BACKOFF: Final = 30.0
MAX_RETRY_AFTER: Final = 300.0
NO_RESPONSE: Final = 0
NO_GENTRACE_API: Final = frozenset({*range(300, 400), 404, 405, 410, 421})
"""Statuses that reject a run; as the first response they mean that the host is no Gentrace API."""


def send_lines(  # noqa: PLR0913 - one argument a setting
    lines: Iterable[str | bytes | Line],
    configuration: Configuration | None = None,
    *,
    parallel: int = 4,
    rate: float | None = None,
    key: str | None = None,
    state: str | PathLike[str] | None = None,
    on_reject: Callable[[Reject], object] | None = None,
    on_progress: Callable[[BackfillResult], object] | None = None,
    on_pause: Callable[[ApiException, float], object] | None = None,
) -> BackfillResult:
    """Send the pipeline runs in lines of JSON.

    The idempotency key of a line is derived from its content: equal lines are one run, and a line
    that is sent again is stored once on a server that knows keys. Network errors, 408, 429 and 5xx
    are retried for about two minutes, or longer if the server asks for it; network errors before
    the first response are retried twice.

    Args:
        lines: the lines; blank ones are skipped. They are read while others are sent.
        configuration: where the API is and how to reach it; its `retries` are not used. None
            takes `Configuration.get_default_copy()`.
        parallel: how many are sent at once.
        rate: how many runs are sent per second at most, retries not counted; None sets no limit.
        key: property of each run that holds its idempotency key; None derives it from the content.
            Another run with the same key is sent too: a server that knows keys rejects it (409).
        state: file that stores what was acknowledged, so that later calls skip it; None stores it
            for this call only.
        on_reject: is called with each line that is not a valid run or was rejected; None collects
            them in the result.
        on_progress: is called with the result so far, always the same object, whenever a line was
            read or its outcome is known.
        on_pause: is called before each wait for a retry, with the error and the seconds to wait.

    `on_reject`, `on_progress` and `on_pause` are called one at a time, in the calling thread or in
    a worker thread.

    Returns:
        The counts, and the rejects.

    Raises:
        ApiTypeError: an argument of the wrong type.
        ApiValueError: an argument that is not allowed.
        ApiException: the server cannot be reached, is no Gentrace API or does not accept the
            token. What it acknowledged before is in the state.
        OSError: the state cannot be used.

    """
    try:
        without_retries = check_configuration(configuration).copy()
    finally:
        del configuration  # it may be a token, and tracebacks show locals
    without_retries.retries = 0
    line_iterator = check_lines(lines)
    path = check_state(state)
    check_callback("on_reject", on_reject)
    check_callback("on_progress", on_progress)
    check_callback("on_pause", on_pause)
    with ExitStack() as stack:
        backfill = _Backfill(
            parallel=check_positive("parallel", parallel),
            interval=check_rate(rate),
            key=check_key(key),
            on_reject=on_reject,
            on_progress=on_progress,
            on_pause=on_pause,
            state=stack.enter_context(State(path, without_retries.host)),
            client=stack.enter_context(ApiClient(without_retries)),
        )
        backfill.send(line_iterator)
        return backfill.result


class _Item(NamedTuple):
    line: Line
    key: str
    known_as: str
    """What the state stores once it is acknowledged."""
    run: PipelineRunRequest


@dataclass(eq=False)
class _Backfill:
    """One call: the calling thread reads the lines, worker threads send the runs.

    The lock is for the result, the state and the callbacks. It is acquired by `with` directly: an
    interrupt inside of a context manager in Python could leave it acquired.

    The thread that knows the outcome of a line records it at once, as the next line may come much
    later.
    """

    parallel: int
    interval: float
    key: str | None
    on_reject: Callable[[Reject], object] | None
    on_progress: Callable[[BackfillResult], object] | None
    on_pause: Callable[[ApiException, float], object] | None
    state: State
    client: ApiClient

    def __post_init__(self) -> None:
        self.result = BackfillResult()
        self._api = IngestionApi(self.client)
        self._lock = threading.Lock()
        self._workers = Workers(self.parallel, self._send_item)
        self._keys_in_flight: set[str] = set()
        self._is_server_reached = False
        self._next_start = time.monotonic()
        self._stopping = threading.Event()

    def send(self, lines: Iterable[object]) -> None:
        """Send all lines."""
        try:
            for line in _number(lines):
                item = self._prepare(line)
                if item is not None:
                    self._submit(item)
            while self._keys_in_flight:
                self._collect()
        finally:
            # What is in flight is waited for, so that it is counted.
            self._stopping.set()
            self._workers.stop()

    def _prepare(self, line: Line) -> _Item | None:
        """Count a line; return what is to be sent, None for nothing."""
        with self._lock:
            self.result.lines += 1
            self._report()
        try:
            run = read_run(line)
            if self.key is None:
                key = known_as = key_of_content(line.content or b"")
            else:
                key = key_of_property(run, self.key)
                # Another run under the same key is sent, so that the server rejects it.
                known_as = f"{key} {key_of_content(encode(run))}"
        except (ApiTypeError, ApiValueError) as error:
            self._reject(line, str(error))
            return None
        # Whether this is a duplicate depends on the outcome of the run in flight with the same key.
        while key in self._keys_in_flight:
            self._collect()
        with self._lock:
            found = self.state.find(known_as)
            if found is None:
                return _Item(line, key, known_as, run)
            if found == "before":
                self.result.skipped += 1
            else:
                self.result.duplicates += 1
            self._report()
        return None

    def _submit(self, item: _Item) -> None:
        if self.interval:
            now = time.monotonic()
            time.sleep(max(0.0, self._next_start - now))
            self._next_start = max(self._next_start, now) + self.interval
        # An error that ends the call ends it before another run is sent.
        while self._workers.has_results():
            self._collect()
        self._keys_in_flight.add(item.key)
        self._workers.submit(item)
        # The first run goes alone: a server that is down fails once, not once for each thread.
        if not self._is_server_reached or len(self._keys_in_flight) > self.parallel:
            self._collect()

    def _collect(self) -> None:
        """Wait until a run in flight has ended; raise the error that ends the whole call."""
        self._keys_in_flight.remove(self._workers.collect().key)

    def _send_item(self, item: _Item) -> None:
        """Send a run and record the outcome, in a worker thread."""
        reason = self._post(item)
        if reason is not None:
            self._reject(item.line, reason)
            return
        with self._lock:
            self.result.sent += 1
            self.state.add(item.known_as)
            self._report()

    def _reject(self, line: Line, reason: str) -> None:
        with self._lock:
            self.result.rejected += 1
            reject = Reject(line, reason)
            if self.on_reject is None:
                self.result.rejects.append(reject)
            else:
                self.on_reject(reject)
            self._report()

    def _report(self) -> None:
        """Call `on_progress`, while the lock is held."""
        if self.on_progress is not None:
            self.on_progress(self.result)

    def _post(self, item: _Item) -> str | None:
        """Send one run, with retries; return None if it is stored, the reason if it is rejected."""
        tries = 0
        while True:
            tries += 1
            try:
                self._api.pipeline_run_post(item.run, idempotency_key=item.key)
            except ApiException as error:
                if not self._is_server_reached and _is_foreign(error):
                    error.remedy = NotFoundException.remedy
                    raise
                self._is_server_reached = self._is_server_reached or error.status != NO_RESPONSE
                kind = kind_of_status(error.status)
                if kind == "delivered":
                    return None  # it is stored, although the response cannot be read
                if kind == "refused":
                    return str(error)
                limit = MAX_TRIES if self._is_server_reached else MAX_FIRST_TRIES
                if kind == "denied" or tries >= limit or not self._wait(error, tries):
                    raise
            else:
                self._is_server_reached = True
                return None

    def _wait(self, error: ApiException, tries: int) -> bool:
        """Wait for the next try; return False if sending ends, and there is none."""
        seconds = _backoff(error, tries)
        if self.on_pause is not None:
            with self._lock:
                self.on_pause(error, seconds)
        return not self._stopping.wait(seconds)


def _number(lines: Iterable[object]) -> Iterable[Line]:
    for number, value in enumerate(lines, 1):
        if isinstance(value, Line):
            yield value
            continue
        text = check_line(number, value)
        content = text.encode(errors="surrogatepass") if isinstance(text, str) else text
        if content := strip_line(number, content):
            yield Line("line", number, content)


def _is_foreign(error: ApiException) -> bool:
    """Return whether a first response means that the host is no Gentrace API."""
    if not is_success(error.status):
        return error.status in NO_GENTRACE_API
    # Such as a login page; any other 2xx that cannot be read is that of a stored run.
    media_type = (error.headers or {}).get("Content-Type", "")
    return "html" in media_type.lower()


def _backoff(error: ApiException, tries: int) -> float:
    """Return the seconds before a retry: `Retry-After`, or exponential backoff with jitter."""
    if error.retry_after:  # not 0: the tries would be used up at once
        return min(error.retry_after, MAX_RETRY_AFTER)
    limit = min(INITIAL_BACKOFF * 2**tries, MAX_BACKOFF)
    return system_random.uniform(limit / 2, limit)
