"""What a configuration says, worked out once for the calls until it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from gentrace.configuration import DEFAULT_TIMEOUT, check_timeout
from gentrace.rest.deadline import Deadline
from gentrace.rest.retries import make_retry
from gentrace.rest.routes import Routes
from gentrace.schemas import REQUEST_RULES, Rules, find_encoder

if TYPE_CHECKING:
    from gentrace.configuration import Configuration, TimeoutSetting


class Settings:
    """What a configuration says, until it changes.

    Args:
        configuration: the configuration that it is about.
        before: what was in use until now, whose connections go on being used if they are as good.

    Attributes:
        routes: where connections are had.
        rules: how strictly bodies are read.
        dumps: a faster JSON encoder than the standard library's, None for that.
        retry: what says whether a call is sent again; None if it never is.
        max_response_body: bytes of an answer that is not streamed.

    """

    def __init__(self, configuration: Configuration, before: Settings | None) -> None:
        self._changes = configuration.changes  # first, as others may change it meanwhile
        self._configuration = configuration
        timeout = configuration.timeout
        self._timeout = _split(timeout, DEFAULT_TIMEOUT[2])
        # The default is no bound that somebody asked for.
        self._covers_stream = _is_triple(timeout) and timeout is not DEFAULT_TIMEOUT
        disabled = configuration.disabled_client_side_validations
        self.rules = Rules(disabled=disabled) if disabled else REQUEST_RULES
        self.dumps = find_encoder(configuration.json_encoder)
        self.retry = make_retry(configuration.retries)
        self.max_response_body = configuration.max_response_body
        self.routes: Routes
        if before is not None and before.routes.fit(configuration):
            self.routes = before.routes
        else:
            self.routes = Routes(configuration)

    def is_of(self, configuration: Configuration) -> bool:
        """Tell whether these are still the settings of a configuration."""
        return self._configuration is configuration and self._changes == configuration.changes

    def start(self, timeout: TimeoutSetting | None) -> Deadline:
        """Return the deadline of a call that starts now; None takes the configuration's time-out.

        Raises:
            ApiTypeError: neither a number nor a tuple of two or three.
            ApiValueError: a number that is not above 0 and finite.

        """
        if timeout is None:
            return Deadline(*self._timeout, covers_stream=self._covers_stream)
        checked = check_timeout("timeout", timeout)
        return Deadline(*_split(checked, self._timeout[2]), covers_stream=_is_triple(checked))


def _is_triple(setting: object) -> bool:
    return isinstance(setting, tuple) and len(cast("tuple[object, ...]", setting)) > 2  # noqa: PLR2004


def _split(setting: Any, total: float) -> tuple[float, float, float]:
    """Return a time-out as connect, read and total."""
    parts: tuple[float, ...] = (setting,) * 3 if isinstance(setting, (int, float)) else setting
    connect, read = parts[:2]
    return connect, read, parts[2] if _is_triple(parts) else max(total, connect + read)
