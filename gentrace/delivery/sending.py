"""One try of a run: a request, and what its answer means for the run."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

from gentrace.configuration import MAX_CONNECTIONS, Configuration, TimeoutSetting, split_timeout
from gentrace.exceptions import ApiException, InsecureTransportWarning, OpenApiException
from gentrace.operations.answers import status_error
from gentrace.operations.outcomes import OutcomeKind, kind_of_status
from gentrace.paths.pipeline_run.post import operation
from gentrace.schemas import REQUEST_RULES, Rules, decode, find_encoder

if TYPE_CHECKING:
    from gentrace.api_client import ApiClient
    from gentrace.rest import HTTPResponse


Failure = TypeVar("Failure", bound=Exception)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a try means for its run.

    Attributes:
        kind: `delivered`, `refused` (for good), `transient` (a failure that may pass), or `denied`
            (the token or a setting is unusable).
        run_id: the id of the stored run, empty if the server gives none.
        error: why it was not delivered.
        settings: the settings of the try, as by `Sender.settings`.

    """

    kind: OutcomeKind
    run_id: str = ""
    error: Exception | None = None
    settings: object = None

    @property
    def retry_after(self) -> float | None:
        """How many seconds the server asks to wait; None if it does not ask."""
        return self.error.retry_after if isinstance(self.error, ApiException) else None


class Sender:
    """Sends encoded runs: one request a try, with the current settings.

    Args:
        api_client: whose settings are used, but for its retries.
        workers: how many runs are sent at once, which is the least number of connections.

    """

    def __init__(self, api_client: ApiClient, workers: int) -> None:
        self.api_client = api_client
        self._workers = workers
        self._client: ApiClient | None = None
        self._settings: object = None

    @property
    def configuration(self) -> Configuration:
        """The settings."""
        return self.api_client.configuration

    def host(self) -> str:
        """Return the address to which runs go."""
        return self.configuration.host_of(operation.name)

    def settings(self) -> object:
        """Return a snapshot that differs once a setting, a header field or the cookie changed."""
        given = self.api_client
        configuration = given.configuration
        fields = tuple(given.default_headers.items())
        # The configuration itself, not its id: a later object may get the same id.
        return configuration, configuration.changes, fields, given.cookie

    def encoding(self) -> tuple[Rules, Any]:
        """Return the rules and the JSON encoder for a run: those of a call."""
        configuration = self.configuration
        disabled = configuration.disabled_client_side_validations
        rules = Rules(disabled=disabled) if disabled else REQUEST_RULES
        return rules, find_encoder(configuration.json_encoder)

    def send(self, body: bytes, key: str, timeout: float = inf) -> Outcome:
        """Try once, for `timeout` seconds at most."""
        settings = self.settings()
        try:
            with _suppress_tracing():
                answer = self._post(self._client_for(settings), body, key, timeout)
            if kind_of_status(answer.status) == "delivered":
                return Outcome("delivered", _run_id(answer.load()))
            error = status_error(None, answer)
        except ApiException as caught:
            error = _without_frames(caught)
        except (OpenApiException, InsecureTransportWarning) as unusable:
            # A setting, or a warning of one where warnings are errors.
            return Outcome("denied", error=_without_frames(unusable), settings=settings)
        return Outcome(kind_of_status(error.status), error=error, settings=settings)

    def close(self) -> None:
        """Close idle connections."""
        if self._client is not None:
            self._client.close()

    def _post(self, client: ApiClient, body: bytes, key: str, timeout: float) -> HTTPResponse:
        return client.call_api(
            operation.path,
            operation.method,
            headers={
                "Content-Type": "application/json",
                "Accept": ", ".join(operation.accepts),
            },
            body=body,
            auth_settings=operation.auth,
            idempotency_key=key,
            timeout=_limit(client.configuration.timeout, timeout),
        )

    def _client_for(self, settings: object) -> ApiClient:
        """Return a copy of the given client for this operation that does not retry by itself."""
        client = self._client
        if client is None or settings != self._settings:
            self.api_client.check_complete()
            if client is None:
                client = copy.copy(self.api_client)
            configuration = self.api_client.configuration.copy()
            configuration.host = configuration.host_of(operation.name)
            configuration.retries = False
            # A time-out of a worker that waits for a connection would look like one of the server.
            workers = min(self._workers, MAX_CONNECTIONS)
            size = max(workers, configuration.connection_pool_maxsize)
            configuration.connection_pool_maxsize = size
            client.default_headers = self.api_client.default_headers
            client.cookie = self.api_client.cookie
            client.configuration = configuration
            # Not before: other workers send by it from now on, and may have made one meanwhile.
            self._client = client
            self._settings = settings
        return client


def _limit(timeout: TimeoutSetting, most: float) -> TimeoutSetting:
    """Return a time-out that also ends a call within `most` seconds."""
    connect, read, total = split_timeout(timeout)
    return connect, read, min(total, most)


def _suppress_tracing() -> AbstractContextManager[Any]:
    # Only if the program has loaded it; a version before 0.44b0 does not have it.
    utils = sys.modules.get("opentelemetry.instrumentation.utils")
    name = "suppress_http_instrumentation"
    suppress: Callable[[], AbstractContextManager[Any]] = getattr(utils, name, nullcontext)
    return suppress()


def _without_frames(error: Failure) -> Failure:
    """Remove the tracebacks of an error and its causes: their frames hold the run's body."""
    left: list[BaseException | None] = [error]
    seen: set[int] = set()
    while left:
        one = left.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            one.__traceback__ = None
            left += [one.__cause__, one.__context__]
    return error


def _run_id(body: bytes) -> str:
    """Return the run id in the body of a 2xx; empty if it has none, as the run is stored anyway."""
    try:
        found = decode(body)["pipelineRunId"]
    except (ValueError, LookupError, TypeError):
        return ""
    return found if isinstance(found, str) else ""
