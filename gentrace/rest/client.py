"""The client of one process: its calls, and what they share."""

from __future__ import annotations

import threading
import warnings
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from gentrace.exceptions import (
    ApiConnectionException,
    ApiException,
    InsecureTransportWarning,
)
from gentrace.rest.call import Call
from gentrace.rest.cancelling import cancelling
from gentrace.rest.deadline import start_deadline
from gentrace.rest.retries import Quota
from gentrace.rest.settings import Settings
from gentrace.schemas.frames import count_own_frames

if TYPE_CHECKING:
    from gentrace.configuration import Configuration, TimeoutSetting
    from gentrace.operations.requests import Request
    from gentrace.rest.deadline import Deadline
    from gentrace.rest.response import HTTPResponse


class RestClient:
    """Sends requests and returns raw answers: connections and quota of one client and process.

    Args:
        configuration: where the API is and how to reach it.

    """

    def __init__(self, configuration: Configuration) -> None:
        self._settings = Settings(configuration, None)
        self._quota = Quota()
        self._warned_about: set[str] = set()
        self._lock = threading.RLock()

    def settings_for(self, configuration: Configuration) -> Settings:
        """Return what a configuration says now, and close what has no use any more.

        A call keeps to it: another thread may have another configuration used meanwhile.
        """
        settings = self._settings
        if settings.is_current_for(configuration):
            return settings
        # By one thread: others would connect for themselves what is closed for them here.
        with self._lock:
            before = self._settings
            settings = self._settings = Settings(configuration, before)
            if before.routes is not settings.routes:
                before.routes.close()
        return settings

    def start_deadline(self, timeout: TimeoutSetting | None, settings: Settings) -> Deadline:
        """Return the deadline of a call that starts now; None takes that of the settings.

        That of an awaited call runs already.

        Raises:
            ApiTypeError: neither a number nor a tuple of two or three.
            ApiValueError: a number that is not above 0 and finite.

        """
        cancel = cancelling.get()
        if cancel is not None:
            return cancel.deadline
        return start_deadline(timeout, settings.timeout)

    def send(  # noqa: C901, PLR0912 - one loop
        self, request: Request, deadline: Deadline, settings: Settings, *, stream: bool
    ) -> HTTPResponse:
        """Send a request until it is answered or not to be sent again; return the answer.

        Args:
            request: what is sent.
            deadline: when the call ends.
            settings: how it is sent.
            stream: whether a 2xx answer keeps its body on the wire.

        Raises:
            ApiValueError: certificates, key or proxy of the configuration cannot be used.
            ApiConnectionException: no complete answer came.
            ApiException: one came that cannot be read, or in more than one way.
            ApiResponseTooLargeException: the answer is larger than the bound.

        """
        call = Call(request, deadline, settings)
        if call.route.insecurity is not None and request.is_authorized:
            self._warn(call.route.insecurity)
        response: HTTPResponse | None = None
        failure: ApiException | None = None
        try:
            while True:
                failure = None
                try:
                    response = call.exchange()
                    if response.status < HTTPStatus.MULTIPLE_CHOICES:
                        if not stream:
                            response.load()
                        call.log_answer(response)
                        if response.tries == 1:
                            self._quota.refill()
                        return response
                    if call.follow(response):
                        response.drain_conn()
                        continue
                except ApiException as error:
                    call.log_failure(error)
                    if not isinstance(error, ApiConnectionException):
                        raise
                    response, failure = None, error
                wait = call.next_wait(self._quota, response, failure)
                if wait is None and response is not None:
                    response.load()
                    call.log_answer(response)
                    return response
                if wait is None:
                    raise cast("ApiException", failure)
                if response is not None:
                    response.drain_conn()
                    call.log_answer(response)
                call.log_retry(wait, response)
                call.pause(wait)
        except BaseException:
            # Such as an interrupt, whose traceback would keep the answer and its connection.
            if response is not None:
                response.close()
            raise
        finally:
            del failure  # which its traceback would hold in a circle

    def _warn(self, insecurity: str) -> None:
        """Warn, once for each origin and client, that what is sent to it can be read by others."""
        if insecurity not in self._warned_about:
            warnings.warn(insecurity, InsecureTransportWarning, stacklevel=count_own_frames())
            self._warned_about.add(insecurity)

    def close(self) -> None:
        """Close the connections that are idle; the others when their calls end."""
        self._settings.routes.close()
