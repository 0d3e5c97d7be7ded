"""`Configuration`: the settings of a client, validated when they are set."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self, Unpack

from gentrace._version import __version__
from gentrace.configuration import document
from gentrace.configuration.errors import check_instance, mask_mistake
from gentrace.configuration.secrets import MASK, Secret, find_secrets, mask_text
from gentrace.configuration.servers import check_servers, check_variables_of, find_url
from gentrace.configuration.settings import (
    SECRETS,
    SETTINGS,
    DeclaredSettings,
    Settings,
    find_setting,
)
from gentrace.exceptions import ApiAttributeError, ApiTypeError, ApiValueError
from gentrace.tracebacks import hide_arguments

if TYPE_CHECKING:
    from logging import Logger
else:  # for `get_type_hints`; the module is slow to import
    Logger = object


class Configuration(DeclaredSettings):
    """Where the API is, how to reach it and how to behave.

    Every attribute may be changed at any time; the change applies from the next call on. An invalid
    value raises where it is set. The content of a file is checked by the first call that needs it.

    A subclass may have attributes of its own; they are not checked.

    Args:
        host: base address, with the path of the API; if None, `GENTRACE_HOST`, or else the server
            of the document.
        access_token: the API key; `GENTRACE_API_KEY` if None.
        server_index: which server of the document to use if `host` is None; 0 if None.
        server_variables: values of the variables in that server's address.
        server_operation_index: `server_index` by operation, such as ``{"pipeline_run_post": 0}``.
        server_operation_variables: `server_variables` by operation.
        disabled_client_side_validations: keywords of JSON Schema, with commas between them, that
            a plain dict given to a call is not checked for.
        settings: any other attribute; `debug`, `logger_file` and `logger_format` change the loggers
            of the process, so that the configuration set last wins.

    Raises:
        ApiTypeError: a setting of the wrong type.
        ApiValueError: a setting with an invalid value, or an invalid environment variable.
        ApiAttributeError: no setting has this name.

    """

    changes: int
    """How many changes were made; what is derived from the settings is stale once it has grown."""

    lost: frozenset[str] = frozenset()
    """Names of settings that a pickle left out and that were not set again."""

    _default: ClassVar[Configuration | None] = None

    @hide_arguments
    def __init__(  # noqa: PLR0913, PLR0917 - the parameters that users of such clients know
        self,
        host: str | None = None,
        access_token: str | None = None,
        server_index: int | None = None,
        server_variables: Mapping[str, str] | None = None,
        server_operation_index: Mapping[str, int] | None = None,
        server_operation_variables: Mapping[str, Mapping[str, str]] | None = None,
        disabled_client_side_validations: str | frozenset[str] = "",
        **settings: Unpack[Settings],
    ) -> None:
        vars(self)["changes"] = 0
        keywords = disabled_client_side_validations
        has_none = isinstance(keywords, str) and not keywords
        named: dict[str, object] = {
            "access_token": access_token,
            "server_index": server_index,
            "host": host,  # after server_index, which it replaces
            "server_variables": server_variables,
            "server_operation_index": server_operation_index,
            "server_operation_variables": server_operation_variables,
            "disabled_client_side_validations": None if has_none else keywords,
        }
        given = {name: value for name, value in named.items() if value is not None}
        given.update(settings)
        of_logging = {name: given.pop(name) for name in _LOGGING_SETTINGS if name in given}
        if access_token is None:
            _set_from_environment(self, "access_token")
        # Secrets first, so that no mistake in another setting shows them.
        for name in sorted(given, key=lambda name: name not in SECRETS):
            _set(self, name, given[name])
        if host is None and server_index is None:
            _set_from_environment(self, "host")
        for name, value in of_logging.items():
            _check(self, name, value, name, apply=False)
        for name, value in of_logging.items():
            _set(self, name, value)

    if not TYPE_CHECKING:

        @hide_arguments
        def __setattr__(self, name: str, value: object) -> None:
            if name in SETTINGS or type(self) is Configuration:
                _set(self, name, value)
            else:
                super().__setattr__(name, value)

        @hide_arguments
        def __delattr__(self, name: str) -> None:
            if name in SETTINGS or type(self) is Configuration:
                _set(self, name, find_setting(name).default)
                _set_from_environment(self, name)
            else:
                super().__delattr__(name)

        def __getattr__(self, name: str) -> object:
            return find_setting(name)  # raises, as Python found no attribute

    @property
    def logger(self) -> dict[str, Logger]:
        """The loggers that `debug` and `logger_file` change."""
        import logging  # noqa: PLC0415 - slow to import

        return {
            "package_logger": logging.getLogger("gentrace"),
            "urllib3_logger": logging.getLogger("urllib3"),
        }

    @classmethod
    @hide_arguments
    def set_default(cls, default: Configuration | None) -> Configuration | None:
        """Set the default configuration to a copy of `default`; None removes the default.

        Returns:
            The previous default, None if there was none.

        Raises:
            ApiTypeError: neither a configuration nor None.

        """
        if default is not None:
            check_instance("default", default, Configuration, "a gentrace.Configuration or None")
        # Not that of a subclass, which clients would not find.
        previous = Configuration._default
        Configuration._default = None if default is None else default.copy()
        return previous

    @classmethod
    def get_default_copy(cls) -> Configuration:
        """Return a copy of the default configuration, or a new configuration if none is set.

        Raises:
            ApiValueError: none is set, and `GENTRACE_HOST` or `GENTRACE_API_KEY` is not valid.

        """
        return cls() if cls._default is None else cls._default.copy()

    def copy(self) -> Self:
        """Return a configuration with the same settings, token included."""
        copied = object.__new__(type(self))
        vars(copied).update(vars(self))
        return copied

    __copy__ = copy

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        from copy import deepcopy  # noqa: PLC0415 - the caller has imported it

        copied = memo[id(self)] = self.copy()
        own = {name: value for name, value in vars(self).items() if name not in SETTINGS}
        vars(copied).update(deepcopy(own, memo))
        return copied

    def __reduce__(self) -> tuple[Any, ...]:
        state = vars(self).copy()  # as another thread may change it
        omitted = {"ssl_context"} if self.pickle_token else SECRETS | {"ssl_context"}
        lost = self.lost | {name for name in omitted if state.get(name)}
        kept = {name: value for name, value in state.items() if name not in lost}
        return restore, (type(self), kept, lost)

    def check_complete(self) -> None:
        """Check that every setting that a pickle left out has been set again.

        Raises:
            ApiValueError: a secret or a TLS context has not.

        """
        for name in sorted(self.lost):
            remedy = "set it here, or set pickle_token = True before pickling"
            if name == "access_token":
                remedy += ", or set GENTRACE_API_KEY"
            if name == "ssl_context":
                remedy = "a pickle cannot hold it, set it here, or to None"
            raise ApiValueError(
                f"{name}: was left out when this configuration was pickled; {remedy}"
            )

    def auth_settings(self) -> dict[str, dict[str, str]]:
        """Return how requests are authorized, by name of the document's security scheme."""
        if self.access_token is None:
            return {}
        return {
            "bearerAuth": {
                "type": "bearer",
                "in": "header",
                "key": "Authorization",
                "value": Secret(f"Bearer {self.access_token}"),
            }
        }

    def to_debug_report(self) -> str:
        """Return versions and settings, secrets masked, for a bug report."""
        import platform  # noqa: PLC0415 - only a report needs it

        lines = [
            f"gentrace-py {__version__}, API {document.API_VERSION}",
            f"Python {platform.python_version()} on {platform.platform()}",
        ]
        lines += [f"{name}: {value}" for name, value in self._masked_settings().items()]
        return "\n".join(lines)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value}" for name, value in self._masked_settings().items())
        return f"Configuration({shown})"

    def _masked_settings(self) -> dict[str, str]:
        """Return the `repr` of the host and of all settings that are set, secrets masked."""
        values = {"host": self.host, **vars(self)}
        shown = {
            name: repr(MASK if name in SECRETS and value is not None else value)
            for name, value in values.items()
            if name in SETTINGS
        }
        token = self.access_token or ""  # the host may hold it too
        return {name: mask_text(text, [token]) for name, text in shown.items()}

    def get_host_settings(self) -> list[dict[str, Any]]:
        """Return the servers of the document, each with its `url` and `description`."""
        return [dict(server) for server in document.SERVERS]

    @hide_arguments
    def get_host_from_settings(
        self,
        index: int | None,
        variables: Mapping[str, str] | None = None,
        servers: Sequence[Mapping[str, Any]] | None = None,
    ) -> str:
        """Return the address of a server with its variables filled in.

        Args:
            index: which of `servers`; None returns the `host` of this configuration.
            variables: values by name; a variable that is missing takes its default.
            servers: the servers, in the form of `get_host_settings`; None takes the document's.

        Raises:
            ApiTypeError: an index, variables or servers of the wrong type.
            ApiValueError: no such server, no such variable, or a value that it does not allow.

        """
        if index is None:
            return self.host
        known = document.SERVERS if servers is None else check_servers(servers)
        return find_url(index, check_variables_of(known, "server_variables", variables), known)

    def host_of(self, operation: str) -> str:
        """Return the base address for an operation, such as ``pipeline_run_post``."""
        indices, variables = self.server_operation_index, self.server_operation_variables
        if operation not in indices and operation not in variables:
            return self.host
        return find_url(
            indices.get(operation, self.server_index),
            variables.get(operation, self.server_variables),
            document.SERVERS,
        )


def restore(
    kind: type[Configuration], state: dict[str, Any], lost: frozenset[str]
) -> Configuration:
    """Return the unpickled configuration.

    Raises:
        ApiValueError: the token was left out, and `GENTRACE_API_KEY` is not a valid one.

    """
    restored = object.__new__(kind)
    vars(restored).update(state, lost=lost)
    if "access_token" in lost:
        _set_from_environment(restored, "access_token")
    return restored


_EXCLUSIVE = {"host": "server_index", "server_index": "host"}
"""Mutually exclusive settings: setting one removes the other."""

_LOGGING_SETTINGS = ("logger_file", "logger_format", "debug")
"""Settings that change loggers of the process, in order: they are set once all are valid."""


def _set(configuration: Configuration, name: str, value: object, label: str = "") -> None:
    """Check and set a value; errors call it by `label`, or else by the name of the setting."""
    values = vars(configuration)
    values[name] = _check(configuration, name, value, label or name, apply=True)
    values["changes"] += 1
    if value is not None:
        values.pop(_EXCLUSIVE.get(name, ""), None)
    if name in configuration.lost:
        values["lost"] = configuration.lost - {name}


def _check(
    configuration: Configuration, name: str, value: object, label: str, *, apply: bool
) -> object:
    """Return a checked value, which changes the process if `apply`."""
    try:
        setting = find_setting(name)
        checked = setting.check(label, value)
        if apply and setting.apply is not None:
            setting.apply(label, checked)
    except (ApiAttributeError, ApiTypeError, ApiValueError) as error:
        _mask_secrets(configuration, value, error)
        raise
    return checked


def _mask_secrets(
    configuration: Configuration,
    value: object,
    error: ApiAttributeError | ApiTypeError | ApiValueError,
) -> None:
    """Mask the secrets of a configuration in the error of a wrong value."""
    from gentrace.configuration.proxies import ProxyUrl  # noqa: PLC0415 - few programs need it

    token, proxy = configuration.access_token or "", ProxyUrl(configuration.proxy or "")
    fields = find_secrets(configuration.proxy_headers or {}, everywhere=True)
    mask_mistake(error, value, [token, *proxy.secrets, *fields])


@hide_arguments
def _set_from_environment(configuration: Configuration, name: str) -> None:
    variable = find_setting(name).environment_variable
    value = variable and os.environ.get(variable)
    if value:
        _set(configuration, name, value, f"environment variable {variable}")
