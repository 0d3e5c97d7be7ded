"""The transport of one client in one process: what its calls share."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from gentrace.exceptions import InsecureTransportWarning
from gentrace.rest.call import Call
from gentrace.rest.retries import Quota
from gentrace.rest.settings import CallSettings
from gentrace.schemas.frames import warn_program

if TYPE_CHECKING:
    from gentrace.configuration import Configuration
    from gentrace.operations.requests import Request
    from gentrace.rest.deadline import Deadline
    from gentrace.rest.response import HTTPResponse


class RestClient:
    """Sends requests and returns raw answers; holds the connections and the retry quota.

    Args:
        configuration: where the API is and how to reach it.

    """

    def __init__(self, configuration: Configuration) -> None:
        self._settings = CallSettings(configuration, None)
        self._quota = Quota()
        self._warned_about: set[str] = set()
        self._lock = threading.RLock()

    def settings_for(self, configuration: Configuration) -> CallSettings:
        """Return the settings of a configuration as it is now.

        If one of them that connections depend on has changed, idle connections are closed.
        A call keeps the settings that it got: another thread may change the configuration.
        """
        settings = self._settings
        if settings.is_current_for(configuration):
            return settings
        # In one thread at a time: another would make routes that this one closes at once.
        with self._lock:
            previous = self._settings
            settings = self._settings = CallSettings(configuration, previous)
            if previous.routes is not settings.routes:
                previous.routes.close()
        return settings

    def send(
        self, request: Request, deadline: Deadline, settings: CallSettings, *, stream: bool
    ) -> HTTPResponse:
        """Send a request, with redirects and retries; return the last answer.

        Args:
            request: what is sent.
            deadline: when the call ends.
            settings: how it is sent.
            stream: whether to leave the body of a 2xx answer unread.

        Raises:
            ApiValueError: certificates, key or proxy of the configuration cannot be used.
            ApiConnectionException: no complete answer came.
            ApiException: an answer came that cannot be read or is ambiguous.
            ApiResponseTooLargeException: the answer is larger than the bound.

        """
        call = Call(request, deadline, settings, self._quota)
        if call.route.insecurity is not None and request.is_authorized:
            self._warn(call.route.insecurity)
        return call.send(stream=stream)

    def _warn(self, insecurity: str) -> None:
        """Warn, once for each origin, that others can read what is sent to it."""
        if insecurity not in self._warned_about:
            warn_program(insecurity, InsecureTransportWarning)
            self._warned_about.add(insecurity)

    def close(self) -> None:
        """Close idle connections; those in use are closed when their calls end."""
        self._settings.routes.close()
