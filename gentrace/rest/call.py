"""One call: its requests, its redirects, and whether and when it is retried."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urljoin, urlsplit

from urllib3 import Retry
from urllib3.exceptions import (
    ClosedPoolError,
    ConnectTimeoutError,
    HTTPError,
    ProtocolError,
)

from gentrace.clock import now
from gentrace.configuration.secrets import Headers, Secret, current_secrets, mask_text
from gentrace.contexts import call_without_gc
from gentrace.exceptions import ApiConnectionException, ApiException, ApiTimeoutException
from gentrace.operations.operation import is_success
from gentrace.rest.attempt import Attempt, current
from gentrace.rest.call_state import CallState
from gentrace.rest.cancellation import pause
from gentrace.rest.failures import is_failure, raise_failure, to_exception
from gentrace.rest.response import HTTPResponse
from gentrace.rest.retries import Quota, find_wait, make_retry
from gentrace.rest.routes import origin_of
from gentrace.rest.tool_answer import ToolAnswer
from gentrace.rest.watchdog import watchdog

if TYPE_CHECKING:
    from gentrace.configuration import Configuration
    from gentrace.operations.requests import Request
    from gentrace.rest.deadline import Deadline
    from gentrace.rest.routes import Routes

_NO_RETRIES = Retry.from_int(False, redirect=False)
"""`retries=False` of urllib3, which would make this object for each request."""

_MAX_REDIRECTS = 3


class Call:
    """One call with all of its attempts.

    Args:
        request: what is sent.
        deadline: when it ends.
        configuration: how it is sent.
        routes: the connections.
        quota: pays for its retries.

    Attributes:
        route: the connections to its origin.
        state: what its attempts share.

    """

    def __init__(
        self,
        request: Request,
        deadline: Deadline,
        configuration: Configuration,
        routes: Routes,
        quota: Quota,
    ) -> None:
        self._request = request
        self._deadline = deadline
        self._routes = routes
        self._retry = make_retry(configuration.retries)
        self._quota = quota
        self._redirects = 0
        self._is_retried = False
        self.route = routes.find(request.host)
        secrets = [*request.secrets, *self.route.secrets]
        self.state = CallState(self.route, secrets, request, configuration.max_response_body)
        self._headers = Headers({"Host": self.route.netloc, **request.headers})
        if request.idempotency_key is not None:
            self._headers["Idempotency-Key"] = request.idempotency_key
        if request.body is not None:
            self._headers["Content-Length"] = str(len(request.body))

    def send(self, *, stream: bool) -> HTTPResponse:
        """Send the request, with redirects and retries; see `RestClient.send`."""
        answer: HTTPResponse | None = None
        delay = 0.0
        try:
            while True:
                try:
                    answer = self._exchange(delay)
                    if is_success(answer.status):
                        return self._finish(answer, read=not stream)
                except ApiException as failure:
                    self._log("failed after %d ms: %s", self._milliseconds(), failure.reason)
                    wait, why = self._wait_after_failure(failure), "no complete answer came"
                    if wait is None:
                        raise
                else:
                    if self._follow(answer):
                        delay = 0.0
                        continue
                    wait, why = self._wait_after_answer(answer), f"the answer was {answer.status}"
                    if wait is None:
                        return self._finish(answer, read=True)
                    answer.drain_conn()
                    self._log_answer(answer)
                self._log("another request in %.2f s, as %s", wait, why)
                delay = wait
        except BaseException:
            # The traceback, such as that of an interrupt, would keep the answer's connection.
            if answer is not None:
                answer.close()
            raise

    def _exchange(self, delay: float) -> HTTPResponse:
        """Send the request once, after a delay, and return the answer with its body unread.

        Raises:
            ApiConnectionException: no answer came.
            ApiException: an answer came whose head is ambiguous.

        """
        attempt = self._attempt = Attempt(self._deadline, self.state)
        token = call_without_gc(current.set, attempt)
        secrets = call_without_gc(current_secrets.set, self.state.secrets)
        try:
            if delay:
                attempt.begin_waiting("the next try")
                attempt.is_permanent = True  # what a signal handler raises now ends the call
                pause(delay)
                attempt.is_permanent = False
            self._began = now()
            watchdog.watch(attempt)
            answer = self._open(attempt)
            attempt.count()  # for a tool that answers without a connection
            if not isinstance(answer, HTTPResponse):
                answer = HTTPResponse(ToolAnswer(answer, attempt), attempt)
        except BaseException as error:
            attempt.finish()
            if not is_failure(error, attempt):
                self.route.retire()
                raise
            raise_failure(to_exception(error, attempt))
        finally:
            call_without_gc(current_secrets.reset, secrets)
            call_without_gc(current.reset, token)
        return answer

    def _open(self, attempt: Attempt) -> Any:
        slot = "one of the pool's connections, which unclosed streams hold"
        while True:
            left = attempt.begin_waiting(slot)
            try:
                return self.route.pool.urlopen(
                    self._request.method,
                    self.route.prefix + self.state.target,
                    body=self._request.body,
                    headers=Headers(self._headers),  # a copy: tracing adds fields to each attempt
                    retries=_NO_RETRIES,
                    redirect=False,
                    assert_same_host=False,
                    timeout=min(self._deadline.read, left),  # of a tool's connection; ours set it
                    pool_timeout=cast("Any", left),  # the stubs want whole seconds
                    preload_content=False,
                    decode_content=False,
                )
            except ClosedPoolError:  # evicted for another origin, or a setting changed
                self.state.route = self.route = self._routes.find(self._request.host)

    def _follow(self, answer: HTTPResponse) -> bool:
        """Make the target of a redirect that of the call; False if the redirect is not followed."""
        status, location = answer.status, answer.headers.get("Location")
        if status not in _REDIRECTS or location is None or self._redirects == _MAX_REDIRECTS:
            return False
        try:
            url = urlsplit(urljoin(self.route.origin + self.state.target, location))
            is_same_origin = origin_of(url) == self.route.origin
        except ValueError:
            return False
        target = Secret((url.path or "/") + (f"?{url.query}" if url.query else ""))
        is_plain = "@" not in url.netloc and all("!" <= c <= "~" for c in target)
        # A target with a secret would show up in logs.
        if not (is_same_origin and is_plain and mask_text(target, self.state.secrets) == target):
            return False
        self._log_answer(answer)
        answer.drain_conn()
        self.state.target = target
        self._redirects += 1
        return True

    def _finish(self, answer: HTTPResponse, *, read: bool) -> HTTPResponse:
        """Return the last answer, with its body read if `read`."""
        if read:
            answer.load()
        if not self._is_retried and is_success(answer.status):
            self._quota.refill()
        self._log_answer(answer)
        return answer

    def _wait_after_answer(self, answer: HTTPResponse) -> float | None:
        """Return the seconds until the retry after an answer; None if it is the last one."""
        if self._retry is None:
            return None
        asked = answer.retry_after
        if not self._retry.is_retry(self._request.method, answer.status, asked is not None):
            return None
        return self._wait_to_retry(asked, Quota.RETRY_COST, response=answer)

    def _wait_after_failure(self, failure: ApiException) -> float | None:
        """Return the seconds until the retry after a failure; None if the call has failed."""
        if not isinstance(failure, ApiConnectionException) or self._attempt.is_permanent:
            return None
        kind = ProtocolError if self._attempt.was_sent else ConnectTimeoutError
        is_late = isinstance(failure, ApiTimeoutException)
        cost = Quota.TIMEOUT_COST if is_late else Quota.RETRY_COST
        return self._wait_to_retry(None, cost, error=kind(str(failure)))

    def _wait_to_retry(self, asked: float | None, cost: int, **outcome: Any) -> float | None:
        """Return the seconds until a retry; None if there is none.

        Args:
            asked: how many seconds the server asks to wait, None if it does not ask.
            cost: what the retry costs of the quota.
            outcome: the answer or the error, as `Retry.increment` takes it.

        """
        if self._retry is None:
            return None
        shown = mask_text(self.state.target, self.state.secrets)  # urllib3 logs it
        try:
            self._retry = self._retry.increment(self._request.method, shown, **outcome)
        except HTTPError:
            return None
        wait = find_wait(self._retry, asked)
        if wait is None or wait >= self._deadline.remaining():
            return None
        if not self._quota.spend(cost):
            return None
        self._is_retried = True
        return wait

    def _log_answer(self, answer: HTTPResponse) -> None:
        """Log how a request was answered."""
        if not self.state.is_logged:
            return
        sent = len(self._request.body or b"")
        received = f", {answer.tell()} bytes received" if answer.tell() else ""
        facts = answer.tries, answer.status, self._milliseconds(), sent, received
        self._log("request %d: %d after %d ms, %d bytes sent%s", *facts)

    def _milliseconds(self) -> int:
        return round((now() - self._began) * 1000)

    def _log(self, text: str, *args: object) -> None:
        key = self._request.idempotency_key
        which = "" if key is None else f" (key {key})"
        request = self._request.method, self.route.origin, self.state.target, which
        self.state.log(f"%s %s%s%s: {text}", *request, *args)


_REDIRECTS = frozenset({HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT})
