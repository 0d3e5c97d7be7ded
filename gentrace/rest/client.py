"""The transport of one client in one process: what its calls share."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from gentrace.exceptions import InsecureTransportWarning
from gentrace.rest.call import Call
from gentrace.rest.cancellation import current_cancellation
from gentrace.rest.deadline import start_deadline
from gentrace.rest.retries import Quota
from gentrace.rest.routes import Routes
from gentrace.schemas.frames import warn_program

if TYPE_CHECKING:
    from gentrace.configuration import Configuration, TimeoutSetting
    from gentrace.operations.requests import Request
    from gentrace.rest.response import HTTPResponse


class RestClient:
    """Sends requests and returns raw answers; holds the connections and the retry quota.

    Args:
        configuration: where the API is and how to reach it.

    """

    def __init__(self, configuration: Configuration) -> None:
        self._routes = Routes(configuration)
        self._quota = Quota()
        self._warned_about: set[str] = set()
        self._lock = threading.RLock()

    def send(
        self,
        request: Request,
        configuration: Configuration,
        timeout: TimeoutSetting | None,
        began: float,
        *,
        stream: bool,
    ) -> HTTPResponse:
        """Send a request, with redirects and retries; return the last answer.

        Args:
            request: what is sent.
            configuration: how it is sent; what another thread changes meanwhile is for later calls.
            timeout: the call's own time-out; None takes that of the configuration.
            began: when the call began, by `now`.
            stream: whether to leave the body of a 2xx answer unread.

        Raises:
            ApiTypeError: the time-out is neither a number nor a tuple of two or three.
            ApiValueError: the time-out is not above 0 and finite, or certificates, key or proxy of
                the configuration cannot be used.
            ApiConnectionException: no complete answer came.
            ApiException: an answer came that cannot be read or is ambiguous.
            ApiResponseTooLargeException: the answer is larger than the bound.

        """
        cancellation = current_cancellation.get()
        if cancellation is None:
            deadline = start_deadline(timeout, configuration.timeout, began)
        else:
            deadline = cancellation.deadline  # it runs since the call was awaited
        call = Call(request, deadline, configuration, self._routes_for(configuration), self._quota)
        if call.route.insecurity is not None and request.is_authorized:
            self._warn(call.route.insecurity)
        return call.send(stream=stream)

    def _routes_for(self, configuration: Configuration) -> Routes:
        """Return the routes of a configuration as it is now; close those that it has outdated."""
        routes = self._routes
        if routes.matches(configuration):
            return routes
        # In one thread at a time: another would make routes that this one closes at once.
        with self._lock:
            previous = self._routes
            if not previous.matches(configuration):
                self._routes = Routes(configuration)
                previous.close()
            return self._routes

    def _warn(self, insecurity: str) -> None:
        """Warn, once for each origin, that others can read what is sent to it."""
        if insecurity not in self._warned_about:
            warn_program(insecurity, InsecureTransportWarning)
            self._warned_about.add(insecurity)

    def close(self) -> None:
        """Close idle connections; those in use are closed when their calls end."""
        self._routes.close()
