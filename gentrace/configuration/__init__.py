"""Where the API is, how to reach it and how to behave: everything that a caller can set."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

from frozendict import frozendict

from gentrace._version import __version__
from gentrace.configuration.secrets import MASK, Secret
from gentrace.exceptions import ApiAttributeError, ApiTypeError, ApiValueError
from gentrace.schemas import describe

T = TypeVar("T")
S = TypeVar("S")

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Sequence
    from typing import ClassVar, Literal, Self, TypedDict, TypeGuard, Unpack

    from urllib3 import Retry

    Check = Callable[[str, Any], T]
    """Takes the name and the value of a setting; returns what is kept, or raises."""

    Seconds = float
    TimeoutSetting = Seconds | tuple[Seconds, Seconds] | tuple[Seconds, Seconds, Seconds]
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
        temp_folder_path: PathSetting
        timeout: TimeoutSetting
        tls_server_name: str | None
        verify_ssl: bool


API_TITLE = "Gentrace API"
"""Title of the document."""

API_VERSION = "0.4.0"
"""Version of the document."""

API_DESCRIPTION = (
    "Stores runs of LLM pipelines: what each step was given, what it answered and how long it took."
)
"""Description of the document."""

SECURITY_SCHEMES: dict[str, dict[str, str]] = {
    "bearerAuth": {
        "type": "http",
        "scheme": "bearer",
        "description": "The API key, sent as `Authorization: Bearer KEY`.",
    }
}
"""The security schemes of the document."""

SERVERS: tuple[dict[str, Any], ...] = (
    {"url": "https://gentrace.ai/api/v1", "description": "The hosted Gentrace API."},
)
"""The servers of the document."""

DEFAULT_TIMEOUT = (5.0, 30.0, 60.0)

VALIDATION_KEYWORDS = frozenset(
    {
        "exclusiveMaximum",
        "exclusiveMinimum",
        "format",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "multipleOf",
        "pattern",
        "required",
        "uniqueItems",
    }
)
"""What `disabled_client_side_validations` may name."""


class Setting(Generic[T, S]):
    """One attribute of `Configuration`: its default, its check and its meaning, said once.

    It reads as a `T`, and may be set to any `S`; deleting it brings its default back.

    Args:
        default: the value of a configuration that does not set it.
        check: says what of a new value is kept.
        description: what it means, its unit, and what None and 0 mean.
        secret: whether it is shown masked and left out of pickles.

    """

    name: str

    def __init__(
        self,
        default: Any,
        check: Check[Any],
        description: str,
        *,
        secret: bool = False,
    ) -> None:
        self.default = default
        self.check = check
        self.description = description
        self.secret = secret

    def __set_name__(self, owner: type[Configuration], name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type[Configuration]) -> Self: ...
    @overload
    def __get__(self, instance: Configuration, owner: type[Configuration]) -> T: ...
    def __get__(self, instance: Configuration | None, owner: type[Configuration]) -> Any:
        if instance is None:
            return self
        return vars(instance).get(self.name, self.default)

    def __set__(self, instance: Configuration, value: S) -> None:
        vars(instance)[self.name] = self.check(self.name, value)
        vars(instance)["changes"] += 1

    def __delete__(self, instance: Configuration) -> None:
        setattr(instance, self.name, self.default)
        if self.name in _VARIABLES:
            _take_from_environment(instance, self.name)


Same = Setting[T, T]
"""A setting that reads as what it is set to."""


class _HostSetting(Setting[str, str]):
    """The host that is set, or else that of the server that is."""

    if not TYPE_CHECKING:

        def __get__(self, instance: Configuration | None, owner: type[Configuration]) -> Any:
            if instance is None or self.name in vars(instance):
                return super().__get__(instance, owner)
            return instance.get_host_from_settings(
                instance.server_index or 0, instance.server_variables
            )


class _ServerSetting(Setting[T, S]):
    """A part of what says which server: refused if the parts make no address."""

    def __set__(self, instance: Configuration, value: S) -> None:
        twin = instance.copy()
        super().__set__(twin, value)
        twin.check_servers()
        super().__set__(instance, value)


def refuse(name: str, expected: str, value: object, *, kind: bool = False) -> Exception:
    """Word the refusal of a setting or argument: of its type if `kind`, else of its value."""
    error = ApiTypeError if kind else ApiValueError
    return error(f"{name}: expected {expected}, got {describe(value)}")


def refuse_type(name: str, expected: str, value: object) -> ApiTypeError:
    """Word the refusal of a value that may be or hold a secret: its type alone is named."""
    return ApiTypeError(f"{name}: expected {expected}, got {type(value).__name__}")


def suggest(name: str, known: Iterable[str]) -> str:
    """Return a hint at the name that a misspelt one stands for; empty if none is near."""
    from difflib import get_close_matches  # noqa: PLC0415 - only an error needs it

    close = get_close_matches(name, list(known), 1)
    return f": did you mean {close[0]!r}?" if close else ""


def check_text(name: str, value: object, expected: str = "a string") -> str:
    """Return the text itself of a string: an Enum, as other subclasses, prints as another.

    Raises:
        ApiTypeError: not a string; the message does not show it.

    """
    if not isinstance(value, str):
        raise refuse_type(name, expected, value)
    return str.__str__(value)


def check_header_text(name: str, value: object) -> str:
    """Return text that may stand in a header field.

    Raises:
        ApiTypeError: not a string.
        ApiValueError: control characters, line breaks, characters beyond latin-1, or blanks at
            either end; the message does not repeat the text, which may be a secret.

    """
    text = check_text(name, value)
    wrong = next((c for c in text if not " " <= c <= "\xff" or "\x7f" <= c <= "\x9f"), None)
    if wrong is not None:
        raise ApiValueError(
            f"{name}: expected printable latin-1 characters, "
            f"got {wrong!a} at character {text.index(wrong)}"
        )
    if text != text.strip():
        raise ApiValueError(f"{name}: expected no blanks at either end, strip the value")
    return text


def check_timeout(name: str, value: object) -> TimeoutSetting:
    """Return a time-out: a number of seconds, or a tuple of two or three.

    Raises:
        ApiTypeError: neither a number nor a tuple of two or three.
        ApiValueError: a number that is not above 0 and finite.

    """
    expected = (
        "seconds above 0: a number for the whole call, (connect, read) or (connect, read, total)"
    )
    several = _is_array(value)
    parts: tuple[Any, ...] = tuple(value) if _is_array(value) else (value,)
    if several and len(parts) not in {2, 3}:
        raise refuse(name, expected, value, kind=True)
    for part in parts:
        if isinstance(part, bool) or not isinstance(part, (int, float)):
            raise refuse(name, expected, value, kind=True)
        if not 0 < part < inf:
            raise refuse(name, expected, value)
    return parts if several else parts[0]


def _is_array(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, (list, tuple))


def check_flag(name: str, value: object) -> bool:
    """Return a bool; ApiTypeError if it is anything else."""
    if not isinstance(value, bool):
        raise refuse(name, "True or False", value, kind=True)
    return value


def _or_none(check: Check[T]) -> Check[T | None]:
    return lambda name, value: None if value is None else check(name, value)


def _check_token(name: str, value: object) -> Secret:
    text = check_header_text(name, value)
    if not text:
        raise ApiValueError(f"{name}: expected a token, got an empty string; None is for no token")
    return Secret(text)


def _check_path(name: str, value: object) -> str:
    if not _is_path(value):
        raise refuse(name, "a path or None", value, kind=True)
    try:
        path = os.fspath(value)
        is_whole = isinstance(path, str) and b"\0" not in os.fsencode(path) and bool(path)
    except Exception as error:  # its own code may raise anything
        raise refuse(name, "a path", value) from error
    if not is_whole:
        raise refuse(name, "a path", value)
    return check_text(name, path)


def _is_path(value: object) -> TypeGuard[str | os.PathLike[Any]]:
    return isinstance(value, (str, os.PathLike))


def _path_of(exists: Callable[[str], bool], expected: str) -> Check[str]:
    def check(name: str, value: object) -> str:
        path = _check_path(name, value)
        if not exists(path):
            raise refuse(name, expected, value)
        return path

    return check


_check_file = _path_of(os.path.isfile, "a file that exists")
_check_folder = _path_of(os.path.isdir, "a folder that exists")
_check_bundle = _path_of(
    os.path.exists, "a file or folder of certificates that exists, or PEM text"
)


def _check_certificates(name: str, value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    if isinstance(value, str) and "-----BEGIN CERTIFICATE-----" in value:
        return check_text(name, value)
    return _check_bundle(name, value)


def _check_assert_hostname(name: str, value: object) -> str | bool | None:
    if value is None or value is False:
        return value
    if isinstance(value, str) and value:
        return check_text(name, value)
    expected = "a host name, None to check the host, or False to check none"
    raise refuse(name, expected, value, kind=not isinstance(value, str))


def _check_integer(name: str, value: object, expected: str, least: int, most: float) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise refuse(name, expected, value, kind=True)
    if not least <= value <= most:
        raise refuse(name, expected, value)
    return value


def check_positive(name: str, value: object) -> int:
    """Return a whole number above 0; ApiTypeError or ApiValueError if it is none."""
    return _check_integer(name, value, "a whole number above 0", 1, inf)


def _check_index(name: str, value: object) -> int:
    expected = f"the index of one of {len(SERVERS)} servers, or None"
    return _check_integer(name, value, expected, 0, len(SERVERS) - 1)


def _check_encoder(name: str, value: object) -> object:
    text = check_text(name, value, "'auto' or 'json'")
    if text not in {"auto", "json"}:
        raise refuse(name, "'auto' or 'json'", value)
    return text


def _check_retries(name: str, value: object) -> object:
    expected = "a number of retries from 0, False for none, None for the default, or urllib3.Retry"
    if value is None or value is False:
        return value
    methods = ("increment", "is_retry")
    if not isinstance(value, type) and all(callable(getattr(value, m, None)) for m in methods):
        return value
    return _check_integer(name, value, expected, 0, inf)


def _check_socket_options(name: str, value: object) -> tuple[tuple[Any, ...], ...]:
    expected = "tuples of (level, option, value), as socket.setsockopt takes them"
    if not _is_array(value):
        raise refuse(name, expected, value, kind=True)
    for option in value:
        if not _is_socket_option(option):
            raise refuse(name, expected, option, kind=True)
    return tuple(map(tuple, value))


def _is_socket_option(option: object) -> bool:
    if not _is_array(option) or len(option) != 3 or not isinstance(option[2], (int, bytes)):  # noqa: PLR2004 - see above
        return False
    numbers = option[:2] if isinstance(option[2], bytes) else option
    return all(isinstance(part, int) and abs(part) < _INT_BOUND for part in numbers)


_INT_BOUND = 2**31
"""From which on the system's numbers are too small."""


_NAME_CHARACTERS = frozenset(
    "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
)


def check_header_name(name: str, value: object) -> str:
    """Return the name of a header field.

    Raises:
        ApiTypeError: not a string.
        ApiValueError: it cannot be one; the message does not repeat it, as it may hold the value.

    """
    text = check_text(name, value, "a header name")
    wrong = next((c for c in text if c not in _NAME_CHARACTERS), None)
    if wrong is not None or not text:
        got = f"{wrong!a} at character {text.index(wrong)}" if wrong else "an empty string"
        raise ApiValueError(f"{name}: expected a header name of letters, digits and -, got {got}")
    return text


def _mapping_of(
    check: Check[T], expected: str, check_key: Check[str] = check_text
) -> Check[Mapping[str, T]]:
    def check_each(name: str, value: object) -> Mapping[str, T]:
        if value is None:
            return frozendict[str, T]()
        if not isinstance(value, Mapping):
            raise refuse_type(name, f"a mapping {expected}", value)
        items = cast("Mapping[object, object]", value).items()
        keys = ((check_key(name, key), item) for key, item in items)
        return frozendict[str, T]({key: check(f"{name}[{key!r}]", item) for key, item in keys})

    return check_each


def _check_header(name: str, value: object) -> Secret:
    return Secret(check_header_text(name, value))


_check_headers = _mapping_of(_check_header, "of header names to values", check_header_name)
_check_variables = _mapping_of(check_text, "of variable names to values")
_BY_OPERATION = "by operation, as pipeline_run_post"


def _check_keywords(name: str, value: object) -> frozenset[str]:
    if isinstance(value, frozenset):  # as the attribute returns them
        value = ",".join(map(str, cast("frozenset[object]", value)))
    text = check_text(name, value, "keywords with commas between them")
    keywords = frozenset(filter(None, (keyword.strip() for keyword in text.split(","))))
    for keyword in sorted(keywords - VALIDATION_KEYWORDS):
        raise refuse(name, f"some of {', '.join(sorted(VALIDATION_KEYWORDS))}", keyword)
    return keywords


def _hide_login(url: str) -> str:
    """Mask all that may be a user and password, in whatever way an address is wrong."""
    login, at, rest = url.rpartition("@")
    scheme, mark, _ = login.partition("://")
    shown = scheme + mark if scheme.lower() in _PROXY_SCHEMES else ""
    return f"{shown}{MASK}@{rest}" if at else url


_PROXY_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")


def check_url(name: str, value: object, schemes: tuple[str, ...] = ("http", "https")) -> str:
    """Return an absolute URL without trailing slashes; the message never shows its password.

    Raises:
        ApiTypeError: not a string.
        ApiValueError: no URL of one of `schemes` with a host.

    """
    from urllib.parse import urlsplit  # noqa: PLC0415 - a host that is not set needs no parser

    text = check_text(name, value, "a URL")
    expected = f"{' or '.join(f'{scheme}://' for scheme in schemes)} with a host"
    if any(not "!" <= c <= "~" for c in text):
        expected += ", without blanks; write an international name as xn--…"
        raise refuse(name, expected, _hide_login(text))
    try:
        parts = urlsplit(text)
        place = re.fullmatch(_PLACE, parts.netloc.rpartition("@")[2])
        is_right = (
            parts.scheme in schemes
            and place is not None
            and (_is_ipv6(place[1]) if place[1] else _is_name(place[2]))
            and parts.port != 0
            and re.fullmatch(_PATH, parts.path) is not None
        )
    except ValueError:
        is_right = False
    if not is_right:
        expected += (
            ", as api.example or [::1], and, if any, a port from 1 to 65535, an escaped path"
        )
        raise refuse(name, expected, _hide_login(text))
    return text.rstrip("/")


_PLACE = r"(?:\[(.+)\]|([^:]*))(?::[1-9][0-9]*)?"
"""An IPv6 address or else a name, and a port."""

_PATH_CHARACTERS = r"A-Za-z0-9\-._~!$&'()*+,;=:@/"
_PATH = rf"(?:[{_PATH_CHARACTERS}]|%[0-9A-Fa-f]{{2}})*"

_NAME = r"(?!.{254})[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?"


def _is_name(text: str) -> bool:
    """Tell whether a text may be the name of a host, or its IPv4 address."""
    return re.fullmatch(_NAME, text) is not None


def _is_ipv6(text: str) -> bool:
    from ipaddress import IPv6Address  # noqa: PLC0415 - most hosts have a name

    try:
        return IPv6Address(text).scope_id is None
    except ValueError:
        return False


def _check_server_name(name: str, value: object) -> str:
    text = check_text(name, value, "a host name")
    if not (_is_name(text) or _is_ipv6(text)):
        raise refuse(name, "a host name, an international one as xn--…", value)
    return text


def _check_path_characters(name: str, value: object) -> str:
    text = check_text(name, value)
    if not re.fullmatch(f"[{_PATH_CHARACTERS}]*", text):
        raise refuse(name, "letters, digits or some of -._~!$&'()*+,;=:@/", value)
    return text


def check_host(name: str, value: object) -> str:
    """Return the base address of an API, without trailing slashes.

    Raises:
        ApiTypeError: not a string.
        ApiValueError: not http:// or https:// with a host, or with user, query or fragment.

    """
    if "://" not in check_text(name, value, "a URL"):
        raise ApiValueError(
            f"{name}: expected http:// or https:// with a host, got a text without '://'; "
            "an API key is given as access_token"
        )
    url = check_url(name, value)
    if "@" in url.split("://", 1)[1].split("/", 1)[0]:
        raise refuse(
            name, "no user and password in the address; use access_token", _hide_login(url)
        )
    if "?" in url or "#" in url:
        raise refuse(name, "no query and no fragment in the address", _hide_login(url))
    return url


def check_proxy(name: str, value: object) -> Secret | None:
    """Return the address of a proxy; empty is none, and None is the environment's.

    Raises:
        ApiTypeError: neither a string nor None.
        ApiValueError: no address of a proxy.

    """
    if value is None:
        return None
    if value == "":
        return Secret()
    return Secret(check_url(name, value, _PROXY_SCHEMES))


def _apply_debug(name: str, value: object) -> bool:
    from gentrace.configuration import logs as _logs  # noqa: PLC0415 - logging is slow to import

    flag = check_flag(name, value)
    _logs.set_debug(flag)
    return flag


def _apply_logger_file(name: str, value: object) -> str | None:
    from gentrace.configuration import logs as _logs  # noqa: PLC0415 - logging is slow to import

    path = None if value is None else _check_path(name, value)
    try:
        _logs.set_file(path)
    except OSError as error:
        raise refuse(name, f"a file that can be written ({error.strerror})", value) from None
    return path


def _apply_logger_format(name: str, value: object) -> str:
    from gentrace.configuration import logs as _logs  # noqa: PLC0415 - logging is slow to import

    text = check_text(name, value)
    try:
        _logs.set_format(text)
    except (TypeError, ValueError) as error:
        raise refuse(name, f"a format of logging.Formatter ({error})", value) from None
    return text


LOGGER_FORMAT = "%(asctime)s %(levelname)s %(message)s"


class Configuration:
    """Where the API is, how to reach it and how to behave.

    Every attribute may be changed at any time, and acts from the next call on. A value that
    cannot work is refused where it is set; what a file holds, by the first call that needs it.

    Args:
        host: base address, with the path of the API; `GENTRACE_HOST`, or else the server of the
            document, if None.
        access_token: the API key; `GENTRACE_API_KEY` if None.
        server_index: which server of the document to use where no host is given here; 0 if None.
        server_variables: values of the variables in that server's address.
        server_operation_index: `server_index` by operation, such as ``{"pipeline_run_post": 0}``.
        server_operation_variables: `server_variables` by operation.
        disabled_client_side_validations: keywords of JSON Schema, with commas between them, that
            a plain dict given to a call is not checked for.
        settings: any other attribute; `debug`, `logger_file` and `logger_format` act on the loggers
            of the process, whichever configuration was told last.

    Raises:
        ApiTypeError: a setting of the wrong type.
        ApiValueError: a setting that cannot work.
        ApiAttributeError: no setting has this name.

    """

    host = _HostSetting(
        SERVERS[0]["url"],
        check_host,
        "Base address of the API, with its path; http or https. Environment: `GENTRACE_HOST`.",
    )
    access_token: Same[str | None] = Setting(
        None,
        _or_none(_check_token),
        "API key, sent as `Authorization: Bearer …`; None sends none. "
        "Environment: `GENTRACE_API_KEY`.",
        secret=True,
    )
    server_index: _ServerSetting[int | None, int | None] = _ServerSetting(
        None,
        _or_none(_check_index),
        "Which server of the document to use; None where `host` says it.",
    )
    server_variables: _ServerSetting[Mapping[str, str], Mapping[str, str] | None] = _ServerSetting(
        frozendict(), _check_variables, "Values of the variables in the server's address."
    )
    server_operation_index: _ServerSetting[Mapping[str, int], Mapping[str, int] | None] = (
        _ServerSetting(
            frozendict(),
            _mapping_of(_or_none(_check_index), _BY_OPERATION),
            "`server_index` by operation, as `pipeline_run_post`.",
        )
    )
    server_operation_variables: _ServerSetting[
        Mapping[str, Mapping[str, str]], Mapping[str, Mapping[str, str]] | None
    ] = _ServerSetting(
        frozendict(),
        _mapping_of(_check_variables, _BY_OPERATION),
        "`server_variables` by operation.",
    )
    disabled_client_side_validations: Setting[frozenset[str], str | frozenset[str]] = Setting(
        frozenset(),
        _check_keywords,
        "Keywords of JSON Schema, with commas between them, that a plain dict given to a call is "
        "not checked for: `format`, `required`, and those that the document does not use.",
    )
    timeout: Same[TimeoutSetting] = Setting(
        DEFAULT_TIMEOUT,
        check_timeout,
        "Seconds: a number for a whole call, `(connect, read)` for each operation, or "
        "`(connect, read, total)`.",
    )
    retries: Same[int | bool | Retry | None] = Setting(
        None,
        _check_retries,
        "How often a failed call is sent again: a number; None for the default, 2; False or 0 for "
        "never; a `urllib3.Retry` for exactly what that says.",
    )
    max_response_body: Same[int] = Setting(
        4 * 1024 * 1024,
        check_positive,
        "How many bytes an answer may have, decoded, unless it is streamed.",
    )
    json_encoder: Same[Literal["auto", "json"]] = Setting(
        "auto",
        _check_encoder,
        "What writes JSON: `auto` is orjson where it is installed, `json` the standard library's.",
    )
    connection_pool_maxsize: Same[int] = Setting(
        100,
        check_positive,
        "How many connections to one host may be open at once; a call waits for a free one.",
    )
    verify_ssl: Same[bool] = Setting(
        True, check_flag, "Whether the server's certificate is checked; False is for tests."
    )
    ssl_ca_cert: Setting[str | None, PathSetting | bytes] = Setting(
        None,
        _or_none(_check_certificates),
        "Certificates to trust in place of certifi's: a file, a folder, or PEM text.",
    )
    cert_file: Setting[str | None, PathSetting] = Setting(
        None,
        _or_none(_check_file),
        "File with the client's certificate, and its key if `key_file` is None.",
    )
    key_file: Setting[str | None, PathSetting] = Setting(
        None,
        _or_none(_check_file),
        "File with the key of the client's certificate, not encrypted.",
    )
    assert_hostname: Same[str | bool | None] = Setting(
        None,
        _check_assert_hostname,
        "Host name that the certificate must have, if not the host's; False checks no name.",
    )
    tls_server_name: Same[str | None] = Setting(
        None,
        _or_none(_check_server_name),
        "Host name to ask for and check in TLS, if not the host's.",
    )
    proxy: Same[str | None] = Setting(
        None,
        check_proxy,
        "Address of a proxy: http, https, or socks4, socks4a, socks5, socks5h with PySocks "
        "installed. None is what the environment says; an empty string is no proxy.",
        secret=True,
    )
    proxy_headers: Same[Mapping[str, str] | None] = Setting(
        None, _or_none(_check_headers), "Header fields for the proxy alone.", secret=True
    )
    socket_options: Same[SocketOptions | None] = Setting(
        None,
        _or_none(_check_socket_options),
        "Options of each new socket, as `socket.setsockopt` takes them; None sets TCP_NODELAY.",
    )
    safe_chars_for_path_param: Same[str] = Setting(
        "",
        _check_path_characters,
        "Characters that path parameters keep unescaped, of those that a path may have.",
    )
    temp_folder_path: Setting[str | None, PathSetting] = Setting(
        None, _or_none(_check_folder), "Folder for downloaded files; None is the system's."
    )
    debug: Same[bool] = Setting(
        False,
        _apply_debug,
        "Whether the loggers `gentrace` and `urllib3` write everything to standard error.",
    )
    logger_file: Setting[str | None, PathSetting] = Setting(
        None, _apply_logger_file, "File to which the logger `gentrace` writes; None is no file."
    )
    logger_format: Same[str] = Setting(
        LOGGER_FORMAT, _apply_logger_format, "Format of what the two settings above write."
    )
    pickle_token: Same[bool] = Setting(
        False,
        check_flag,
        "Whether a pickle holds the token and the proxy's credentials. Without them, the copy "
        "takes its process's `GENTRACE_API_KEY`.",
    )

    changes: int
    """How often something was set: whoever keeps what follows from the settings compares it."""

    lost: frozenset[str] = frozenset()
    """Names of the secrets that a pickle left out and that nothing has replaced."""

    _default: ClassVar[Configuration | None] = None

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
        if access_token is None:
            _take_from_environment(self, "access_token")
        if host is None and server_index is None:
            _take_from_environment(self, "host")
        keywords = disabled_client_side_validations
        given: dict[str, object] = {
            "server_index": server_index,
            "host": host,  # in place of the server_index
            "access_token": access_token,
            "server_variables": server_variables,
            "server_operation_index": server_operation_index,
            "server_operation_variables": server_operation_variables,
            "disabled_client_side_validations": None if keywords == "" else keywords,
        }
        for name, value in given.items():
            if value is not None:
                setattr(self, name, value)
        for name, value in sorted(settings.items(), key=lambda item: _LATE.get(item[0], 0)):
            setattr(self, name, value)

    if not TYPE_CHECKING:

        def __setattr__(self, name: str, value: object) -> None:
            if name not in SETTINGS:
                raise ApiAttributeError(_no_such_setting(name))
            object.__setattr__(self, name, value)
            for other in _RIVALS.get(name, ()):
                vars(self).pop(other, None)
            if name in self.lost:
                vars(self)["lost"] = self.lost - {name}

        def __delattr__(self, name: str) -> None:
            if name not in SETTINGS:
                raise ApiAttributeError(_no_such_setting(name))
            object.__delattr__(self, name)

        def __getattr__(self, name: str) -> object:
            raise ApiAttributeError(_no_such_setting(name))

    @property
    def logger(self) -> dict[str, logging.Logger]:
        """The loggers that `debug` and `logger_file` act on."""
        from gentrace.configuration import logs as _logs  # noqa: PLC0415 - logging is slow to import

        return {
            "package_logger": _logs.logger("gentrace"),
            "urllib3_logger": _logs.logger("urllib3"),
        }

    @classmethod
    def set_default(cls, default: Configuration | None) -> None:
        """Make a copy of `default` what `get_default_copy` starts from; None forgets it."""
        if not (default is None or isinstance(cast("object", default), Configuration)):
            raise refuse_type("default", "a gentrace.Configuration or None", default)
        cls._default = None if default is None else default.copy()

    @classmethod
    def get_default_copy(cls) -> Configuration:
        """Return a copy of what `set_default` was given, or else a new configuration."""
        return cls() if cls._default is None else cls._default.copy()

    def copy(self) -> Self:
        """Return a configuration with the same settings, token included."""
        twin = object.__new__(type(self))
        vars(twin).update(vars(self))
        return twin

    __copy__ = copy

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.copy()

    def __reduce__(self) -> tuple[Any, ...]:
        state = {name: value for name, value in vars(self).items() if name != "lost"}
        lost = self.lost
        if not self.pickle_token:
            lost |= {name for name in state if name in _SECRETS and state[name]}
        kept = {name: value for name, value in state.items() if name not in lost}
        return _restore, (type(self), kept, lost)

    def check_complete(self) -> None:
        """Check that no secret was left behind in a pickle.

        Raises:
            ApiValueError: one was, and nothing has taken its place.

        """
        for name in sorted(self.lost):
            raise ApiValueError(
                f"{name}: was left out when this configuration was pickled; set it here, or set "
                f"pickle_token = True before pickling"
                + (", or set GENTRACE_API_KEY" if name == "access_token" else "")
            )

    def check_servers(self) -> None:
        """Check that each server that is chosen has an address.

        Raises:
            ApiValueError: there is no such server, or its variables have other values.

        """
        self.get_host_from_settings(self.server_index or 0, self.server_variables)
        for operation in {**self.server_operation_index, **self.server_operation_variables}:
            self.host_of(operation)

    def auth_settings(self) -> dict[str, dict[str, str]]:
        """Return how a request proves who sends it, by the document's security scheme."""
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
        """Return versions and settings, secrets masked, for a report of a fault."""
        import platform  # noqa: PLC0415 - only a report needs it

        lines = [
            f"gentrace-py {__version__}, API {API_VERSION}",
            f"Python {platform.python_version()} on {platform.platform()}",
        ]
        lines += [f"{name}: {value}" for name, value in self._shown().items()]
        return "\n".join(lines)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value}" for name, value in self._shown().items())
        return f"Configuration({shown})"

    def _shown(self) -> dict[str, str]:
        """Return the settings that are set, and the host, as they may be shown."""
        values = {"host": self.host, **vars(self)}
        return {
            name: repr(MASK if name in _SECRETS and value is not None else value)
            for name, value in values.items()
            if name not in {"changes", "lost"}
        }

    def get_host_settings(self) -> list[dict[str, Any]]:
        """Return the servers of the document, each with its `url` and `description`."""
        return [dict(server) for server in SERVERS]

    def get_host_from_settings(
        self,
        index: int | None,
        variables: Mapping[str, str] | None = None,
        servers: Sequence[Mapping[str, Any]] | None = None,
    ) -> str:
        """Return the address of a server, its variables filled in.

        Args:
            index: which of `servers`; None is the `host` of this configuration.
            variables: values by name; those left out have their defaults.
            servers: as `get_host_settings` returns them, which is also what None stands for.

        Raises:
            ApiTypeError: an index or variables of another type.
            ApiValueError: no such server, no such variable, or a value it may not have.

        """
        if index is None:
            return self.host
        known = self.get_host_settings() if servers is None else servers
        expected = f"the index of one of {len(known)} servers"
        server = known[_check_integer("server_index", index, expected, 0, len(known) - 1)]
        declared: Mapping[str, Any] = server.get("variables", {})
        given = dict(_check_variables("server_variables", variables))
        url = str(server["url"])
        for name, variable in declared.items():
            value = given.pop(name, variable.get("default_value", variable.get("default", "")))
            allowed = variable.get("enum_values", variable.get("enum", (value,)))
            if value not in allowed:
                raise refuse(f"server_variables[{name!r}]", f"one of {allowed}", value)
            url = url.replace(f"{{{name}}}", value)
        for name in given:
            raise refuse(
                "server_variables", f"variables of {url}: {sorted(declared) or 'none'}", name
            )
        return check_host("host", url)

    def host_of(self, operation: str) -> str:
        """Return the base address for an operation, such as ``pipeline_run_post``."""
        index = self.server_operation_index.get(operation, self.server_index)
        variables = self.server_operation_variables.get(operation)
        if operation not in self.server_operation_index and variables is None:
            return self.host
        return self.get_host_from_settings(
            index or 0, self.server_variables if variables is None else variables
        )


SETTINGS: dict[str, Setting[Any, Any]] = {
    name: item for name, item in vars(Configuration).items() if isinstance(item, Setting)
}
"""The attributes of a configuration, by name."""

_SECRETS = frozenset(name for name, item in SETTINGS.items() if item.secret)

_RIVALS = {"host": ("server_index",), "server_index": ("host",)}
"""Settings that say the same thing: setting one forgets the other."""


_LATE = {"logger_format": 1, "logger_file": 2, "debug": 3}
"""What acts on the process, and so comes when all else is known to be right."""


def _take_from_environment(configuration: Configuration, name: str) -> None:
    variable = _VARIABLES[name]
    value = os.environ.get(variable)
    if value:
        vars(configuration)[name] = SETTINGS[name].check(f"environment variable {variable}", value)


_VARIABLES = {"host": "GENTRACE_HOST", "access_token": "GENTRACE_API_KEY"}


def _restore(
    kind: type[Configuration], state: dict[str, Any], lost: frozenset[str]
) -> Configuration:
    restored = object.__new__(kind)
    vars(restored).update(state)
    if "access_token" in lost:
        _take_from_environment(restored, "access_token")
    vars(restored)["lost"] = lost - vars(restored).keys()
    return restored


def _no_such_setting(name: str) -> str:
    if name == "logger":
        return "Configuration.logger cannot be set: change the loggers that it returns"
    return f"Configuration has no {name!r}{suggest(name, [*SETTINGS, 'logger'])}"
