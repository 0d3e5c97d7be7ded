"""All settings: the type, the default, the validation and the meaning of each."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from frozendict import frozendict

from gentrace.configuration import addresses, files, logs, numbers, servers, texts, tls
from gentrace.configuration.document import SERVERS
from gentrace.configuration.numbers import DEFAULT_TIMEOUT, TimeoutSetting
from gentrace.configuration.setting import Same, Setting
from gentrace.configuration.texts import or_none
from gentrace.exceptions import ApiAttributeError
from gentrace.schemas.near_misses import suggest

if TYPE_CHECKING:
    from ssl import SSLContext

    from urllib3 import Retry
else:  # for `get_type_hints`; both modules are slow to import
    Retry = SSLContext = object

PathSetting = str | os.PathLike[str] | None
SocketOptions = Sequence[tuple[int, int, int | bytes]]


class Settings(TypedDict, total=False):
    """Settings that the constructor takes by keyword."""

    assert_hostname: str | bool | None
    cert_file: PathSetting
    connection_pool_maxsize: int
    debug: bool
    json_encoder: Literal["auto", "json"]
    key_file: PathSetting
    logger_file: PathSetting
    logger_format: str
    max_response_body: int
    pickle_token: bool
    proxy: str | None
    proxy_headers: Mapping[str, str] | None
    retries: int | bool | Retry | None
    safe_chars_for_path_param: str
    socket_options: SocketOptions | None
    ssl_ca_cert: str | bytes | os.PathLike[str] | None
    ssl_context: SSLContext | None
    temp_folder_path: PathSetting
    timeout: TimeoutSetting
    tls_server_name: str | None
    verify_ssl: bool


class DeclaredSettings:
    """The attributes of a configuration, in the order of documentation and reports.

    The string below each is its description, which the documentation and editors show.
    """

    host = servers.HostSetting(
        SERVERS[0]["url"],
        addresses.check_host,
        environment_variable="GENTRACE_HOST",
        other_names="base_url url endpoint api_url api_base base_path server api_host host_url",
    )
    """Base address of the API, with its path; http or https. Environment: `GENTRACE_HOST`."""

    access_token: Same[str | None] = Setting(
        None,
        or_none(texts.check_token),
        secret=True,
        environment_variable="GENTRACE_API_KEY",
        other_names="api_key key token api_token auth_token bearer_token bearer secret api_secret",
    )
    """API key, sent as `Authorization: Bearer …`; None sends none. Environment:
    `GENTRACE_API_KEY`."""

    server_index: Same[int | None] = Setting(None, or_none(servers.check_index))
    """Which server of the OpenAPI document to use; None uses `host`."""

    server_variables: Setting[Mapping[str, str], Mapping[str, str] | None] = Setting(
        frozendict(), servers.check_variables
    )
    """Values of the variables in the server's address."""

    server_operation_index: Setting[Mapping[str, int], Mapping[str, int] | None] = Setting(
        frozendict(), servers.check_operation_index
    )
    """`server_index` by operation, as `pipeline_run_post`."""

    server_operation_variables: Setting[
        Mapping[str, Mapping[str, str]], Mapping[str, Mapping[str, str]] | None
    ] = Setting(frozendict(), servers.check_operation_variables)
    """`server_variables` by operation."""

    disabled_client_side_validations: Setting[frozenset[str], str | frozenset[str]] = Setting(
        frozenset(), texts.check_keywords
    )
    """Comma-separated JSON Schema keywords that a plain dict given to a call is not checked for:
    `format`, `required`, and those that the document does not use."""

    timeout: Same[TimeoutSetting] = Setting(
        DEFAULT_TIMEOUT, numbers.check_timeout, other_names="request_timeout timeout_seconds"
    )
    """Seconds: a number for a whole call, `(connect, read)` for each operation, or `(connect, read,
    total)`."""

    retries: Same[int | bool | Retry | None] = Setting(
        None, or_none(numbers.check_retries), other_names="max_retries max_attempts retry"
    )
    """How often a failed call is retried: a number; None for the default, 2; False or 0 for
    never; a `urllib3.Retry` for exactly what that says of errors and of statuses outside 2xx."""

    max_response_body: Same[int] = Setting(4 * 1024 * 1024, numbers.check_positive)
    """Maximum bytes of a response body after decompression, unless it is streamed."""

    json_encoder: Same[Literal["auto", "json"]] = Setting("auto", texts.check_encoder)
    """The JSON encoder: `auto` is orjson if installed, `json` is the standard library's."""

    connection_pool_maxsize: Same[int] = Setting(
        100, numbers.check_connections, other_names="pool_maxsize max_connections pool_size"
    )
    """How many connections to one host may be open at once, up to 65,535; a call waits for a free
    one."""

    verify_ssl: Same[bool] = Setting(
        True, numbers.check_flag, other_names="verify verify_tls insecure"
    )
    """Whether the server's certificate is checked; False is for tests."""

    ssl_ca_cert: Setting[str | None, PathSetting | bytes] = Setting(
        None,
        or_none(tls.check_certificates),
        other_names="ca_certs ca_cert ca_file ca_bundle cafile",
    )
    """Certificates to trust: a file, a folder with names as `openssl rehash` gives them, or PEM
    text. None uses `SSL_CERT_FILE` and `SSL_CERT_DIR` if set, else certifi's."""

    cert_file: Setting[str | None, PathSetting] = Setting(
        None, or_none(files.check_file), other_names="cert client_cert"
    )
    """File with the client's certificate, and its key if `key_file` is None."""

    key_file: Setting[str | None, PathSetting] = Setting(None, or_none(files.check_file))
    """File with the key of the client's certificate, not encrypted."""

    assert_hostname: Same[str | bool | None] = Setting(None, or_none(tls.check_expected_name))
    """Host name that the certificate must have, if not the host's; False checks no name."""

    tls_server_name: Same[str | None] = Setting(None, or_none(tls.check_server_name))
    """Host name to ask for and check in TLS, if not the host's."""

    ssl_context: Same[SSLContext | None] = Setting(
        None, or_none(tls.check_context), other_names="tls_context context ssl"
    )
    """An `ssl.SSLContext`, such as truststore's, that replaces the TLS settings above, but for
    `tls_server_name`. Copies share it; a pickle leaves it out."""

    proxy: Same[str | None] = Setting(
        None,
        or_none(addresses.check_proxy),
        secret=True,
        other_names="proxies proxy_url http_proxy https_proxy",
    )
    """Address of a proxy: http, https, or socks4, socks4a, socks5, socks5h with PySocks installed.
    None uses the environment; an empty string means no proxy."""

    proxy_headers: Same[Mapping[str, str] | None] = Setting(
        None, or_none(texts.check_headers), secret=True
    )
    """Header fields that are sent to the proxy only."""

    socket_options: Same[SocketOptions | None] = Setting(
        None, or_none(numbers.check_socket_options)
    )
    """Options of each new socket, as `socket.setsockopt` takes them; None sets TCP_NODELAY."""

    safe_chars_for_path_param: Same[str] = Setting("", addresses.check_path_characters)
    """Characters that path parameters keep unescaped, of those that a path may have."""

    temp_folder_path: Setting[str | None, PathSetting] = Setting(
        None, or_none(files.check_folder), other_names="temp_folder temp_dir"
    )
    """Folder for downloaded files; None uses the system's temporary folder."""

    debug: Same[bool] = Setting(False, numbers.check_flag, apply=logs.apply_debug)
    """Whether the loggers `gentrace` and `urllib3` write everything to standard error."""

    logger_file: Setting[str | None, PathSetting] = Setting(
        None, or_none(files.check_path), apply=logs.apply_logger_file
    )
    """File to which the logger `gentrace` writes; None means no file."""

    logger_format: Same[str] = Setting(
        logs.LOGGER_FORMAT, logs.check_logger_format, apply=logs.apply_logger_format
    )
    """Log format of the two settings above."""

    pickle_token: Same[bool] = Setting(False, numbers.check_flag)
    """Whether a pickle holds the token, `proxy` and `proxy_headers`. Without them, the copy takes
    its process's `GENTRACE_API_KEY`."""


SETTINGS: dict[str, Setting[Any, Any]] = {
    name: item for name, item in vars(DeclaredSettings).items() if isinstance(item, Setting)
}
"""The attributes of a configuration, by name."""

SECRETS = frozenset(name for name, item in SETTINGS.items() if item.secret)
"""Names of the settings that are masked where they are shown, and left out of pickles."""


def find_setting(name: str) -> Setting[Any, Any]:
    """Return a setting by name; ApiAttributeError with a hint if there is none of that name."""
    if name in SETTINGS:
        return SETTINGS[name]
    if name == "logger":
        text = "Configuration.logger cannot be set: change the loggers that it returns"
        raise ApiAttributeError(text)
    meant = [right for right, item in SETTINGS.items() if _contains_name(name, item.other_names)]
    hint = f": did you mean {meant[0]!r}?" if meant else suggest(name, [*SETTINGS, "logger"])
    raise ApiAttributeError(f"Configuration has no {name!r}{hint}")


def _contains_name(name: str, names: str) -> bool:
    """Tell whether `names` contains a name, ignoring case, `_` and `-`."""
    plain = name.lower().replace("_", "").replace("-", "")
    return plain in names.replace("_", "").split()
