"""The settings of calls: derived from a configuration once, until it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gentrace.rest.cancellation import current_cancellation
from gentrace.rest.deadline import Deadline, start_deadline
from gentrace.rest.retries import make_retry
from gentrace.rest.routes import Routes
from gentrace.schemas import REQUEST_RULES, Rules, find_encoder

if TYPE_CHECKING:
    from gentrace.configuration import Configuration, TimeoutSetting


class CallSettings:
    """The settings of a configuration as it was when this was made.

    Args:
        configuration: the configuration.
        previous: the settings in use until now; their connections are reused if no setting of
            connections has changed.

    Attributes:
        timeout: the time-out of a call that has none of its own.
        routes: the connections, by origin.
        rules: how strictly request bodies are checked.
        dumps: a faster JSON encoder than the standard library's; None for the latter.
        retry: decides whether a call is retried; None if it never is.
        max_response_body: how many bytes of an answer are read, unless it is streamed.

    """

    def __init__(self, configuration: Configuration, previous: CallSettings | None) -> None:
        self._changes = configuration.changes  # first: another thread may change it now
        self._configuration = configuration
        self.timeout = configuration.timeout
        disabled = configuration.disabled_client_side_validations
        self.rules = Rules(disabled=disabled) if disabled else REQUEST_RULES
        self.dumps = find_encoder(configuration.json_encoder)
        self.retry = make_retry(configuration.retries)
        self.max_response_body = configuration.max_response_body
        self.routes: Routes
        if previous is not None and previous.routes.matches(configuration):
            self.routes = previous.routes
        else:
            self.routes = Routes(configuration)

    def is_current_for(self, configuration: Configuration) -> bool:
        """Tell whether these are the settings of a configuration as it is now."""
        return self._configuration is configuration and self._changes == configuration.changes

    def start_deadline(self, timeout: TimeoutSetting | None, began: float) -> Deadline:
        """Return the deadline of a call that began at `began`, by `now`.

        The deadline of an awaited call has started already. Without a time-out, that of the
        settings is taken.

        Raises:
            ApiTypeError: neither a number nor a tuple of two or three.
            ApiValueError: a number that is not above 0 and finite.

        """
        cancel = current_cancellation.get()
        if cancel is not None:
            return cancel.deadline
        return start_deadline(timeout, self.timeout, began)
