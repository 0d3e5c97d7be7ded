"""What a configuration says, worked out once for the calls until it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gentrace.rest.retries import make_retry
from gentrace.rest.routes import Routes
from gentrace.schemas import REQUEST_RULES, Rules, find_encoder

if TYPE_CHECKING:
    from gentrace.configuration import Configuration


class Settings:
    """What a configuration says, until it changes.

    Args:
        configuration: the configuration that it is about.
        before: what was in use until now, whose connections go on being used if they are as good.

    Attributes:
        timeout: the time-out of a call that has none of its own.
        routes: where connections are had.
        rules: how strictly bodies are read.
        dumps: a faster JSON encoder than the standard library's, None for that.
        retry: what says whether a call is sent again; None if it never is.
        max_response_body: bytes of an answer that is not streamed.

    """

    def __init__(self, configuration: Configuration, before: Settings | None) -> None:
        self._changes = configuration.changes  # first, as others may change it meanwhile
        self._configuration = configuration
        self.timeout = configuration.timeout
        disabled = configuration.disabled_client_side_validations
        self.rules = Rules(disabled=disabled) if disabled else REQUEST_RULES
        self.dumps = find_encoder(configuration.json_encoder)
        self.retry = make_retry(configuration.retries)
        self.max_response_body = configuration.max_response_body
        self.routes: Routes
        if before is not None and before.routes.matches(configuration):
            self.routes = before.routes
        else:
            self.routes = Routes(configuration)

    def is_current_for(self, configuration: Configuration) -> bool:
        """Tell whether these are still the settings of a configuration."""
        return self._configuration is configuration and self._changes == configuration.changes
