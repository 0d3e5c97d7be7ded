"""What a configuration says, worked out once for the calls until it changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from gentrace.configuration import DEFAULT_TIMEOUT, check_timeout
from gentrace.rest.deadline import Deadline
from gentrace.rest.retries import make_retry
from gentrace.schemas import REQUEST_RULES, Rules, find_encoder

if TYPE_CHECKING:
    from collections.abc import Callable

    from urllib3 import Retry

    from gentrace.configuration import Configuration, TimeoutSetting


@dataclass(frozen=True)
class Settings:
    """What a configuration says.

    Attributes:
        configuration: the configuration that it is about.
        changes: its count of changes when it was read.
        of_connections: a copy of it, for what connections are made with.
        key: the settings that connections are made with: with equal ones they are as good.
        timeout: seconds: for connecting, for one read, and for the whole call.
        covers_stream: whether the last of these holds for a streamed body too.
        rules: how strictly bodies are read.
        dumps: a faster JSON encoder than the standard library's, None for that.
        retry: what says whether a call is sent again; None if it never is.
        max_response_body: bytes of an answer that is not streamed.

    """

    configuration: Configuration
    changes: int
    of_connections: Configuration
    key: tuple[Any, ...]
    timeout: tuple[float, float, float]
    covers_stream: bool
    rules: Rules
    dumps: Callable[[Any], bytes] | None
    retry: Retry | None
    max_response_body: int

    def is_of(self, configuration: Configuration) -> bool:
        """Tell whether these are still the settings of a configuration."""
        return self.configuration is configuration and self.changes == configuration.changes

    def start(self, timeout: TimeoutSetting | None) -> Deadline:
        """Return the deadline of a call that starts now; None takes the configuration's time-out.

        Raises:
            ApiTypeError: neither a number nor a tuple of two or three.
            ApiValueError: a number that is not above 0 and finite.

        """
        if timeout is None:
            return Deadline(*self.timeout, covers_stream=self.covers_stream)
        checked = check_timeout("timeout", timeout)
        return Deadline(*_split(checked, self.timeout[2]), covers_stream=_is_triple(checked))


def read_settings(configuration: Configuration) -> Settings:
    """Return what a configuration says now."""
    changes = configuration.changes
    timeout = configuration.timeout
    disabled = configuration.disabled_client_side_validations
    return Settings(
        configuration,
        changes,
        configuration.copy(),
        tuple(getattr(configuration, name, None) for name in _OF_CONNECTIONS),
        _split(timeout, DEFAULT_TIMEOUT[2]),
        # The default is no bound that somebody asked for.
        _is_triple(timeout) and timeout is not DEFAULT_TIMEOUT,
        Rules(disabled=disabled) if disabled else REQUEST_RULES,
        find_encoder(configuration.json_encoder),
        make_retry(configuration.retries),
        configuration.max_response_body,
    )


_OF_CONNECTIONS = (
    "assert_hostname",
    "cert_file",
    "connection_pool_maxsize",
    "key_file",
    "proxy",
    "proxy_headers",
    "socket_options",
    "ssl_ca_cert",
    "ssl_context",
    "tls_server_name",
    "verify_ssl",
)


def _is_triple(setting: object) -> bool:
    return isinstance(setting, tuple) and len(cast("tuple[object, ...]", setting)) > 2  # noqa: PLR2004


def _split(setting: Any, total: float) -> tuple[float, float, float]:
    """Return a time-out as connect, read and total."""
    parts: tuple[float, ...] = (setting,) * 3 if isinstance(setting, (int, float)) else setting
    connect, read = parts[:2]
    return connect, read, parts[2] if _is_triple(parts) else max(total, connect + read)
