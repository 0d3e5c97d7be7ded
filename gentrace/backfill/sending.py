"""Sending the runs in lines, several at once, in bounded memory."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
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
from gentrace.backfill.lines import Line
from gentrace.backfill.result import BackfillResult, Reject
from gentrace.backfill.runs import read_run
from gentrace.backfill.state import State
from gentrace.configuration import check_positive
from gentrace.exceptions import (
    ApiException,
    ApiTypeError,
    ApiValueError,
    NotFoundException,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from os import PathLike

    from gentrace.configuration import Configuration
    from gentrace.model.pipeline_run_request import PipelineRunRequest

MAX_TRIES: Final = 10
"""How often a run is tried before all is given up, about two minutes of an outage."""

FIRST_TRIES: Final = 3
"""How often the first run is tried: a server that is down at the start is said soon."""

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0
LONGEST_RETRY_AFTER: Final = 300.0
CONNECTION: Final = 0
STORED: Final = range(200, 300)
ACCESS: Final = frozenset({401, 403})
PASSING: Final = frozenset({408, 429})
SERVER_ERROR: Final = 500
ELSEWHERE: Final = frozenset({*range(300, 400), 404, 405, 410, 421})
"""Statuses that refuse a run, but as the first answer say that the host is no Gentrace API."""


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

    The idempotency key of a line is made of its content: equal lines are one run, and lines that
    are sent again, by whomever, are stored once on a server that knows keys. Network errors,
    408, 429 and 5xx are tried again, for about two minutes, or longer where the server asks for it.

    Args:
        lines: the lines; blank ones are passed over. They are read as they are sent.
        configuration: where the API is and how to reach it; its `retries` are not used. None
            takes `Configuration.get_default_copy()`.
        parallel: how many are sent at once.
        rate: how many are sent in a second at most; None sets no limit.
        key: property of each run that holds its key, in place of the content's.
        state: file that remembers what was acknowledged, so that it is not sent again; None
            remembers it for this call.
        on_reject: is called with each line that is no run or was refused; None keeps them in the
            result.
        on_progress: is called with the result so far, always the same object, each time a line was
            read or has become something.
        on_pause: is called with an error and the seconds until that run is tried again, before they
            begin.

    `on_reject`, `on_progress` and `on_pause` are called one at a time, in this thread or in one
    that sends.

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
        once = check_configuration(configuration).copy()
    finally:
        del configuration  # which may be the token, in the locals of a traceback
    once.retries = 0
    given = check_lines(lines)
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
            state=stack.enter_context(State(path, once.host)),
            client=stack.enter_context(ApiClient(once)),
        )
        backfill.send(given)
        return backfill.result


class _Item(NamedTuple):
    line: Line
    key: str
    run: PipelineRunRequest


class _Backfill:
    """One call: the caller's thread reads the lines, those of a pool send the runs.

    Whoever knows what became of a line notes it at once: the next line may be long in coming.
    """

    def __init__(  # noqa: PLR0913 - one argument a setting
        self,
        *,
        parallel: int,
        interval: float,
        key: str | None,
        on_reject: Callable[[Reject], object] | None,
        on_progress: Callable[[BackfillResult], object] | None,
        on_pause: Callable[[ApiException, float], object] | None,
        state: State,
        client: ApiClient,
    ) -> None:
        self.result = BackfillResult()
        self._parallel = parallel
        self._interval = interval
        self._key = key
        self._on_reject = on_reject or self.result.rejects.append
        self._on_progress = on_progress
        self._on_pause = on_pause
        self._state = state
        self._api = IngestionApi(client)
        self._changing = threading.Lock()
        self._under_way: dict[Future[None], str] = {}
        self._reached = False
        self._next_start = time.monotonic()
        self._stopped = threading.Event()

    def send(self, lines: Iterable[object]) -> None:
        """Send all of them."""
        with ThreadPoolExecutor(self._parallel, "gentrace-backfill") as pool:
            try:
                for line in _number(lines):
                    item = self._take(line)
                    if item is not None:
                        self._start(pool, item)
                while self._under_way:
                    self._collect()
            finally:
                # What has not begun is left out; what has is let finish, and counted.
                self._stopped.set()
                pool.shutdown(cancel_futures=True)

    def _take(self, line: Line) -> _Item | None:
        """Give what is to be sent of a line, None for nothing."""
        with self._change() as result:
            result.lines += 1
        try:
            run = read_run(line)
            key = (
                key_of_content(line.content or b"")
                if self._key is None
                else key_of_property(run, self._key)
            )
        except (ApiTypeError, ApiValueError) as error:
            self._reject(line, str(error))
            return None
        # A duplicate of a run that is refused is none: wait for how that one ends.
        while key in self._under_way.values():
            self._collect()
        with self._change() as result:
            found = self._state.find(key)
            if found is None:
                return _Item(line, key, run)
            if found == "before":
                result.skipped += 1
            else:
                result.duplicates += 1
        return None

    def _start(self, pool: ThreadPoolExecutor, item: _Item) -> None:
        if self._interval:
            now = time.monotonic()
            self._stopped.wait(max(0.0, self._next_start - now))
            self._next_start = max(self._next_start, now) + self._interval
        self._under_way[pool.submit(self._carry_out, item)] = item.key
        # The first goes alone: a server that is down fails once, and not for each thread.
        if not self._reached or len(self._under_way) > self._parallel:
            self._collect()

    def _collect(self) -> None:
        """Wait until a run has ended; raise what keeps one from being sent."""
        done, _ = wait(self._under_way, return_when=FIRST_COMPLETED)
        for future in done:
            del self._under_way[future]
            future.result()
        self._reached = True

    def _carry_out(self, item: _Item) -> None:
        """Send a run and note what became of it, in a thread of the pool."""
        reason = self._post(item)
        if reason is not None:
            self._reject(item.line, reason)
            return
        with self._change() as result:
            result.sent += 1
            self._state.add(item.key)

    def _reject(self, line: Line, reason: str) -> None:
        with self._change() as result:
            result.rejected += 1
            self._on_reject(Reject(line, reason))

    @contextmanager
    def _change(self) -> Generator[BackfillResult]:
        """Let one thread at a time change the result and the state, and tell of it."""
        with self._changing:
            yield self.result
            if self._on_progress is not None:
                self._on_progress(self.result)

    def _post(self, item: _Item) -> str | None:
        """Send one run until it is stored; the reason if it is refused."""
        tried = 0
        while True:
            tried += 1
            try:
                self._api.pipeline_run_post(item.run, idempotency_key=item.key)
            except ApiException as error:
                if error.status in STORED:
                    return None  # though the answer cannot be read
                if error.status in ELSEWHERE and not self._reached:
                    error.remedy = NotFoundException.remedy
                    raise
                self._reached = self._reached or error.status != CONNECTION
                if _is_refusal(error.status):
                    return str(error)
                if self._is_final(error, tried) or self._pause(error, tried):
                    raise
            else:
                return None

    def _pause(self, error: ApiException, tried: int) -> bool:
        """Wait until a run is tried again; tell whether that is too late."""
        seconds = _choose_pause(error, tried)
        if self._on_pause is not None:
            with self._changing:
                self._on_pause(error, seconds)
        return self._stopped.wait(seconds)

    def _is_final(self, error: ApiException, tried: int) -> bool:
        if error.status in ACCESS:
            return True
        is_first = error.status == CONNECTION and not self._reached
        return tried >= (FIRST_TRIES if is_first else MAX_TRIES)


def _number(lines: Iterable[object]) -> Iterable[Line]:
    for number, value in enumerate(lines, 1):
        if isinstance(value, Line):
            yield value
            continue
        text = check_line(number, value)
        content = (text.encode(errors="surrogatepass") if isinstance(text, str) else text).strip()
        if content:
            yield Line("line", number, content)


def _is_refusal(status: int) -> bool:
    return CONNECTION < status < SERVER_ERROR and status not in ACCESS | PASSING


def _choose_pause(error: ApiException, tried: int) -> float:
    """Return for how long to wait: what the server asks for, or else longer each time."""
    if error.retry_after:  # 0 would use up the tries at once
        return min(error.retry_after, LONGEST_RETRY_AFTER)
    longest = min(FIRST_PAUSE * 2**tried, LONGEST_PAUSE)
    return random.uniform(longest / 2, longest)  # noqa: S311 - no secret
