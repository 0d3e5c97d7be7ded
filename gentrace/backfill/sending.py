"""Sending the runs in lines, several at once, in bounded memory."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from gentrace.api_client import ApiClient
from gentrace.apis.tags.ingestion_api import IngestionApi
from gentrace.backfill.keys import key_of_content, key_of_property
from gentrace.backfill.lines import Line
from gentrace.backfill.result import BackfillResult, Reject
from gentrace.backfill.runs import read_run
from gentrace.backfill.state import State
from gentrace.configuration import Configuration, check_positive, refuse, refuse_type
from gentrace.exceptions import (
    ApiException,
    ApiResponseException,
    ApiTypeError,
    ApiValueError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from os import PathLike

    from gentrace.model.pipeline_run_request import PipelineRunRequest

MAX_TRIES: Final = 10
"""How often a run is tried before all is given up, about two minutes of an outage."""

FIRST_TRIES: Final = 3
"""How often the first run is tried: a server that is down at the start is said soon."""

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0
LONGEST_RETRY_AFTER: Final = 300.0
CONNECTION: Final = 0
ACCESS: Final = frozenset({401, 403})
PASSING: Final = frozenset({408, 429})
SERVER_ERROR: Final = 500


def send_lines(  # noqa: PLR0913 - one argument a setting
    lines: Iterable[str | bytes | Line],
    configuration: Configuration | None = None,
    *,
    parallel: int = 4,
    rate: float | None = None,
    key: str | None = None,
    state: str | PathLike[str] | None = None,
    on_reject: Callable[[Reject], None] | None = None,
    on_progress: Callable[[BackfillResult], None] | None = None,
) -> BackfillResult:
    """Send the pipeline runs in lines of JSON.

    The idempotency key of a line is made of its content: equal lines are one run, and lines that
    are sent again, by whomever, are stored once on a server that knows keys. Network errors,
    408, 429 and 5xx are tried again, for about two minutes.

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
        on_progress: is called after each line with the result so far, always the same object.

    Returns:
        The counts, and the rejects.

    Raises:
        ApiTypeError: an argument of the wrong type.
        ApiValueError: an argument that is not allowed.
        ApiException: the server cannot be reached, or does not accept the token. What it
            acknowledged before is in the state.
        OSError: the state cannot be used.

    """
    if not isinstance(cast("object", configuration), Configuration | None):
        error = refuse_type("configuration", "a gentrace.Configuration or None", configuration)
        del configuration  # which may be the token, in the locals of a traceback
        raise error
    once = (Configuration.get_default_copy() if configuration is None else configuration).copy()
    once.retries = 0
    with ExitStack() as stack:
        known = stack.enter_context(State(state, once.host))
        client = stack.enter_context(ApiClient(once))
        backfill = _Backfill(
            client, known, check_positive("parallel", parallel), _check_rate(rate), key
        )
        backfill.on_reject = on_reject or backfill.result.rejects.append
        backfill.on_progress = on_progress or (lambda _: None)
        backfill.send(lines)
        return backfill.result


def _check_rate(rate: float | None) -> float | None:
    if rate is not None and not rate > 0:
        raise refuse("rate", "runs a second, above 0, or None", rate)
    return rate


class _Item(NamedTuple):
    line: Line
    key: str
    run: PipelineRunRequest


class _Backfill:
    """One call: what is under way, and what became of the rest."""

    on_reject: Callable[[Reject], None]
    on_progress: Callable[[BackfillResult], None]

    def __init__(
        self, client: ApiClient, state: State, parallel: int, rate: float | None, key: str | None
    ) -> None:
        self.result = BackfillResult()
        self._api = IngestionApi(client)
        self._state = state
        self._parallel = parallel
        self._interval = 0.0 if rate is None else 1 / rate
        self._key = key
        self._under_way: dict[Future[str | None], _Item] = {}
        self._keys: set[str] = set()
        self._reached = False
        self._next_start = time.monotonic()
        self._stopped = threading.Event()

    def send(self, lines: Iterable[str | bytes | Line]) -> None:
        """Send all of them; in the caller's thread but for the calls themselves."""
        with ThreadPoolExecutor(self._parallel, "gentrace-backfill") as pool:
            try:
                for line in _number(lines):
                    self.result.lines += 1
                    item = self._take(line)
                    if item is not None:
                        self._start(pool, item)
                    self.on_progress(self.result)
                while self._under_way:
                    self._collect()
            finally:
                # What has not begun is left out; what has is let finish, and counted.
                self._stopped.set()
                pool.shutdown(cancel_futures=True)
                self._acknowledge()
                self.on_progress(self.result)

    def _take(self, line: Line) -> _Item | None:
        """Give what is to be sent of a line, None for nothing."""
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
        found = self._state.find(key)
        if found == "before":
            self.result.skipped += 1
        elif found == "now" or key in self._keys:
            self.result.duplicates += 1
        else:
            return _Item(line, key, run)
        return None

    def _start(self, pool: ThreadPoolExecutor, item: _Item) -> None:
        if self._interval:
            now = time.monotonic()
            self._stopped.wait(max(0.0, self._next_start - now))
            self._next_start = max(self._next_start, now) + self._interval
        self._keys.add(item.key)
        self._under_way[pool.submit(self._post, item)] = item
        # The first goes alone: a server that is down fails once, and not for each thread.
        if not self._reached or len(self._under_way) > self._parallel:
            self._collect()

    def _collect(self) -> None:
        """Wait until a run has ended, and count all that have."""
        done, _ = wait(self._under_way, return_when=FIRST_COMPLETED)
        for future in done:
            self._end(self._under_way.pop(future), future)
        self._reached = True
        self.on_progress(self.result)

    def _end(self, item: _Item, future: Future[str | None]) -> None:
        self._keys.discard(item.key)
        reason = future.result()
        if reason is None:
            self._state.add(item.key)
            self.result.sent += 1
        else:
            self._reject(item.line, reason)

    def _acknowledge(self) -> None:
        """Note what was stored though all was given up."""
        for future, item in self._under_way.items():
            if not future.cancelled() and future.exception() is None:
                self._end(item, future)
        self._under_way.clear()

    def _reject(self, line: Line, reason: str) -> None:
        self.result.rejected += 1
        self.on_reject(Reject(line, reason))

    def _post(self, item: _Item) -> str | None:
        """Send one run until it is stored; the reason if it is refused."""
        tried = 0
        while True:
            tried += 1
            try:
                self._api.pipeline_run_post(item.run, idempotency_key=item.key)
            except ApiResponseException:
                return None  # it is stored, though the answer cannot be read
            except ApiException as error:
                self._reached = self._reached or error.status != CONNECTION
                if _is_refusal(error.status):
                    return str(error)
                if self._is_final(error, tried) or self._stopped.wait(_pause(error, tried)):
                    raise
            else:
                return None

    def _is_final(self, error: ApiException, tried: int) -> bool:
        if error.status in ACCESS:
            return True
        is_first = error.status == CONNECTION and not self._reached
        return tried >= (FIRST_TRIES if is_first else MAX_TRIES)


def _number(lines: Iterable[str | bytes | Line]) -> Iterable[Line]:
    for number, line in enumerate(lines, 1):
        if isinstance(line, Line):
            yield line
            continue
        content = (line.encode(errors="surrogatepass") if isinstance(line, str) else line).strip()
        if content:
            yield Line("line", number, content)


def _is_refusal(status: int) -> bool:
    return CONNECTION < status < SERVER_ERROR and status not in ACCESS | PASSING


def _pause(error: ApiException, tried: int) -> float:
    """Return for how long to wait: what the server asks for, or else longer each time."""
    if error.retry_after is not None:
        return min(error.retry_after, LONGEST_RETRY_AFTER)
    longest = min(FIRST_PAUSE * 2**tried, LONGEST_PAUSE)
    return random.uniform(longest / 2, longest)  # noqa: S311 - no secret
