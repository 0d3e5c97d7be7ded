"""Where the API is, how to reach it and how to behave: everything that a caller can set."""

from __future__ import annotations

import os
from math import inf
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from frozendict import frozendict

from gentrace import __version__
from gentrace._masking import MASK, Secret
from gentrace.exceptions import ApiAttributeError, ApiTypeError, ApiValueError
from gentrace.schemas import describe

T = TypeVar("T")

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping, Sequence
    from typing import ClassVar, Literal, Self, TypedDict, TypeGuard, Unpack

    from urllib3 import Retry

    Check = Callable[[str, Any], T]
    """Takes the name and the value of a setting; returns what is kept, or raises."""

    Seconds = float
    TimeoutSetting = Seconds | tuple[Seconds, Seconds] | tuple[Seconds, Seconds, Seconds]

    class Settings(TypedDict, total=False):
        """Settings that the constructor takes by keyword."""

        assert_hostname: str | bool | None
        cert_file: str | os.PathLike[str] | None
        connection_pool_maxsize: int
        debug: bool
        json_encoder: Literal["auto", "json"]
        key_file: str | os.PathLike[str] | None
        logger_file: str | os.PathLike[str] | None
        logger_format: str
        max_response_body: int
        pickle_token: bool
        proxy: str | None
        proxy_headers: Mapping[str, str] | None
        retries: int | bool | Retry | None
        safe_chars_for_path_param: str
        socket_options: Sequence[tuple[int, int, int | bytes]] | None
        ssl_ca_cert: str | bytes | os.PathLike[str] | None
        temp_folder_path: str | os.PathLike[str] | None
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


class Setting(Generic[T]):
    """One attribute of `Configuration`: its default, its check and its meaning, said once.

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

    def __set__(self, instance: Configuration, value: Any) -> None:
        vars(instance)[self.name] = self.check(self.name, value)
        vars(instance)["changes"] += 1


class _HostSetting(Setting[str]):
    """The host that is set, or else that of the server that is."""

    if not TYPE_CHECKING:

        def __get__(self, instance: Configuration | None, owner: type[Configuration]) -> Any:
            if instance is None or self.name in vars(instance):
                return super().__get__(instance, owner)
            return instance.get_host_from_settings(
                instance.server_index or 0, instance.server_variables
            )


def refuse(name: str, expected: str, value: object, *, kind: bool = False) -> Exception:
    """Word the refusal of a setting or argument: of its type if `kind`, else of its value."""
    error = ApiTypeError if kind else ApiValueError
    return error(f"{name}: expected {expected}, got {describe(value)}")


def check_header_text(name: str, value: object) -> str:
    """Return text that may stand in a header field.

    Raises:
        ApiTypeError: not a string.
        ApiValueError: control characters, line breaks, characters beyond latin-1, or blanks at
            either end; the message does not repeat the text, which may be a secret.

    """
    if not isinstance(value, str):
        raise ApiTypeError(f"{name}: expected a string, got {type(value).__name__}")
    wrong = next((c for c in value if not " " <= c <= "\xff" or "\x7f" <= c <= "\x9f"), None)
    if wrong is not None:
        raise ApiValueError(
            f"{name}: expected printable latin-1 characters, "
            f"got {wrong!a} at character {value.index(wrong)}"
        )
    if value != value.strip():
        raise ApiValueError(f"{name}: expected no blanks at either end, strip the value")
    return value


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


def _check_text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise refuse(name, "a string", value, kind=True)
    return value


def _check_path(name: str, value: object) -> str:
    if not _is_path(value):
        raise refuse(name, "a path or None", value, kind=True)
    path = os.fspath(value)
    if not isinstance(path, str) or "\0" in path or not path:
        raise refuse(name, "a path", value)
    return path


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
        return value
    return _check_bundle(name, value)


def _check_assert_hostname(name: str, value: object) -> str | bool | None:
    if value is None or value is False or (isinstance(value, str) and value):
        return value
    expected = "a host name, None to check the host, or False to check none"
    raise refuse(name, expected, value, kind=not isinstance(value, str))


def _check_integer(name: str, value: object, expected: str, least: int, most: float) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise refuse(name, expected, value, kind=True)
    if not least <= value <= most:
        raise refuse(name, expected, value)
    return value


def _check_positive(name: str, value: object) -> int:
    return _check_integer(name, value, "a whole number above 0", 1, inf)


def _check_index(name: str, value: object) -> int:
    expected = f"the index of one of {len(SERVERS)} servers, or None"
    return _check_integer(name, value, expected, 0, len(SERVERS) - 1)


def _check_encoder(name: str, value: object) -> object:
    if value not in ("auto", "json"):
        raise refuse(name, "'auto' or 'json'", value, kind=not isinstance(value, str))
    return value


def _check_retries(name: str, value: object) -> object:
    expected = "a number of retries from 0, False for none, None for the default, or urllib3.Retry"
    if value is None or value is False:
        return value
    if all(callable(getattr(value, method, None)) for method in ("increment", "is_retry")):
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
    """Return the name of a header field; ApiTypeError or ApiValueError if it cannot be one."""
    if not isinstance(value, str):
        raise refuse(name, "a header name", value, kind=True)
    if not value or not _NAME_CHARACTERS.issuperset(value):
        raise refuse(name, "a header name of letters, digits and -", value)
    return value


def _mapping_of(
    check: Check[T], expected: str, check_key: Check[str] = _check_text
) -> Check[Mapping[str, T]]:
    def check_each(name: str, value: Any) -> Mapping[str, T]:
        if value is None:
            return frozendict[str, T]()
        if not hasattr(value, "items"):
            raise refuse(name, f"a mapping {expected}", value, kind=True)
        return frozendict[str, T](
            {check_key(name, key): check(f"{name}[{key!r}]", item) for key, item in value.items()}
        )

    return check_each


def _check_header(name: str, value: object) -> Secret:
    return Secret(check_header_text(name, value))


_check_headers = _mapping_of(_check_header, "of header names to values", check_header_name)
_check_variables = _mapping_of(_check_text, "of variable names to values")
_BY_OPERATION = "by operation, as pipeline_run_post"


def _check_keywords(name: str, value: object) -> frozenset[str]:
    if not isinstance(value, str):
        raise refuse(name, "keywords with commas between them", value, kind=True)
    keywords = frozenset(filter(None, (keyword.strip() for keyword in value.split(","))))
    for keyword in sorted(keywords - VALIDATION_KEYWORDS):
        raise refuse(name, f"some of {', '.join(sorted(VALIDATION_KEYWORDS))}", keyword)
    return keywords


_LABEL = 63
"""Characters that a label of a host name may have."""


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
        ApiValueError: no URL of one of `schemes`, or with user, query or fragment.

    """
    from urllib.parse import urlsplit  # noqa: PLC0415 - a host that is not set needs no parser

    if not isinstance(value, str):
        raise refuse(name, "a URL", value, kind=True)
    shown = _hide_login(value)
    expected = f"{' or '.join(f'{scheme}://' for scheme in schemes)} with a host"
    if any(not "!" <= c <= "~" for c in value):
        raise refuse(
            name, f"{expected}, without blanks; write an international name as xn--…", shown
        )
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise refuse(name, f"{expected} and, if any, a port from 1 to 65535", shown) from None
    if parts.scheme not in schemes or not parts.hostname or port == 0 or parts.netloc.endswith(":"):
        raise refuse(name, expected, shown)
    if "%" in parts.netloc.rpartition("@")[2]:
        raise refuse(name, f"{expected}, without a zone or escapes in it", shown)
    if ":" not in parts.hostname and not _has_labels(parts.hostname):
        raise refuse(name, f"{expected}, of labels of 1 to {_LABEL} characters", shown)
    return value.rstrip("/")


def _has_labels(host: str) -> bool:
    return all(0 < len(label) <= _LABEL for label in host.removesuffix(".").split("."))


def _check_server_name(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise refuse(name, "a host name", value, kind=True)
    if not _HOST_CHARACTERS.issuperset(value) or not (":" in value or _has_labels(value)):
        raise refuse(name, "a host name, an international one as xn--…", value)
    return value


_HOST_CHARACTERS = frozenset("-.:_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def check_host(name: str, value: object) -> str:
    """Return the base address of an API, without trailing slashes.

    Raises:
        ApiTypeError: not a string.
        ApiValueError: not http:// or https:// with a host, or with user, query or fragment.

    """
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
    from gentrace import _logs  # noqa: PLC0415 - logging is slow to import

    flag = check_flag(name, value)
    _logs.set_debug(flag)
    return flag


def _apply_logger_file(name: str, value: object) -> str | None:
    from gentrace import _logs  # noqa: PLC0415 - logging is slow to import

    path = None if value is None else _check_path(name, value)
    try:
        _logs.set_file(path)
    except OSError as error:
        raise refuse(name, f"a file that can be written ({error.strerror})", value) from None
    return path


def _apply_logger_format(name: str, value: object) -> str:
    from gentrace import _logs  # noqa: PLC0415 - logging is slow to import

    text = _check_text(name, value)
    try:
        _logs.set_format(text)
    except ValueError as error:
        raise refuse(name, f"a format of logging.Formatter ({error})", value) from None
    return text


LOGGER_FORMAT = "%(asctime)s %(levelname)s %(message)s"


class Configuration:
    """Where the API is, how to reach it and how to behave.

    Every attribute may be changed at any time, and acts from the next call on. A value that
    cannot work is refused where it is set.

    Args:
        host: base address, with the path of the API; `GENTRACE_HOST`, or else the server of the
            document, if None.
        access_token: the API key; `GENTRACE_API_KEY` if None.
        server_index: which server of the document to use where no host is given; 0 if None.
        server_variables: values of the variables in that server's address.
        server_operation_index: `server_index` by operation, such as ``{"pipeline_run_post": 0}``.
        server_operation_variables: `server_variables` by operation.
        disabled_client_side_validations: keywords of JSON Schema, with commas between them, that
            a plain dict given to a call is not checked for.
        settings: any other attribute.

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
    access_token = Setting["str | None"](
        None,
        _or_none(_check_token),
        "API key, sent as `Authorization: Bearer …`; None sends none. "
        "Environment: `GENTRACE_API_KEY`.",
        secret=True,
    )
    server_index = Setting["int | None"](
        None,
        _or_none(_check_index),
        "Which server of the document to use; None where `host` says it.",
    )
    server_variables = Setting["Mapping[str, str]"](
        frozendict(), _check_variables, "Values of the variables in the server's address."
    )
    server_operation_index = Setting["Mapping[str, int]"](
        frozendict(),
        _mapping_of(_or_none(_check_index), _BY_OPERATION),
        "`server_index` by operation, as `pipeline_run_post`.",
    )
    server_operation_variables = Setting["Mapping[str, Mapping[str, str]]"](
        frozendict(),
        _mapping_of(_check_variables, _BY_OPERATION),
        "`server_variables` by operation.",
    )
    disabled_client_side_validations = Setting["frozenset[str]"](
        frozenset(),
        _check_keywords,
        "Keywords of JSON Schema, with commas between them, that a plain dict given to a call is "
        "not checked for: `format`, `required`, and those that the document does not use.",
    )
    timeout = Setting["TimeoutSetting"](
        DEFAULT_TIMEOUT,
        check_timeout,
        "Seconds: a number for a whole call, `(connect, read)` for each operation, or "
        "`(connect, read, total)`.",
    )
    retries = Setting["int | bool | Retry | None"](
        None,
        _check_retries,
        "How often a failed call is sent again: a number; None for the default, 2; False or 0 for "
        "never; a `urllib3.Retry` for exactly what that says.",
    )
    max_response_body = Setting[int](
        4 * 1024 * 1024,
        _check_positive,
        "How many bytes an answer may have, decoded, unless it is streamed.",
    )
    json_encoder = Setting["Literal['auto', 'json']"](
        "auto",
        _check_encoder,
        "What writes JSON: `auto` is orjson where it is installed, `json` the standard library's.",
    )
    connection_pool_maxsize = Setting[int](
        100,
        _check_positive,
        "How many connections to one host may be open at once; a call waits for a free one.",
    )
    verify_ssl = Setting[bool](
        True, check_flag, "Whether the server's certificate is checked; False is for tests."
    )
    ssl_ca_cert = Setting["str | None"](
        None,
        _or_none(_check_certificates),
        "Certificates to trust in place of certifi's: a file, a folder, or PEM text.",
    )
    cert_file = Setting["str | None"](
        None,
        _or_none(_check_file),
        "File with the client's certificate, and its key if `key_file` is None.",
    )
    key_file = Setting["str | None"](
        None,
        _or_none(_check_file),
        "File with the key of the client's certificate, not encrypted.",
    )
    assert_hostname = Setting["str | bool | None"](
        None,
        _check_assert_hostname,
        "Host name that the certificate must have, if not the host's; False checks no name.",
    )
    tls_server_name = Setting["str | None"](
        None,
        _or_none(_check_server_name),
        "Host name to ask for and check in TLS, if not the host's.",
    )
    proxy = Setting["str | None"](
        None,
        check_proxy,
        "Address of a proxy: http, https, or socks4, socks4a, socks5, socks5h with PySocks "
        "installed. None is what the environment says; an empty string is no proxy.",
        secret=True,
    )
    proxy_headers = Setting["Mapping[str, str] | None"](
        None, _or_none(_check_headers), "Header fields for the proxy alone.", secret=True
    )
    socket_options = Setting["Sequence[tuple[int, int, int | bytes]] | None"](
        None,
        _or_none(_check_socket_options),
        "Options of each new socket, as `socket.setsockopt` takes them; None sets TCP_NODELAY.",
    )
    safe_chars_for_path_param = Setting[str](
        "", _check_text, "Characters that path parameters keep unescaped."
    )
    temp_folder_path = Setting["str | None"](
        None, _or_none(_check_folder), "Folder for downloaded files; None is the system's."
    )
    debug = Setting[bool](
        False,
        _apply_debug,
        "Whether the loggers `gentrace` and `urllib3` write everything to standard error.",
    )
    logger_file = Setting["str | None"](
        None, _apply_logger_file, "File to which the logger `gentrace` writes; None is no file."
    )
    logger_format = Setting[str](
        LOGGER_FORMAT, _apply_logger_format, "Format of what the two settings above write."
    )
    pickle_token = Setting[bool](
        False,
        check_flag,
        "Whether a pickle holds the token and the proxy's credentials. Without them, the copy "
        "takes its process's `GENTRACE_API_KEY`.",
    )

    changes: int
    """How often something was set: whoever keeps what follows from the settings compares it."""

    _default: ClassVar[Configuration | None] = None

    def __init__(  # noqa: PLR0913, PLR0917 - the parameters that users of such clients know
        self,
        host: str | None = None,
        access_token: str | None = None,
        server_index: int | None = None,
        server_variables: Mapping[str, str] | None = None,
        server_operation_index: Mapping[str, int] | None = None,
        server_operation_variables: Mapping[str, Mapping[str, str]] | None = None,
        disabled_client_side_validations: str = "",
        **settings: Unpack[Settings],
    ) -> None:
        vars(self)["changes"] = 0
        if host is None and server_index is None:
            host = os.environ.get("GENTRACE_HOST") or None
        given: dict[str, object] = {
            "host": host,
            "access_token": access_token or os.environ.get("GENTRACE_API_KEY") or access_token,
            "server_index": server_index,
            "server_variables": server_variables,
            "server_operation_index": server_operation_index,
            "server_operation_variables": server_operation_variables,
            "disabled_client_side_validations": disabled_client_side_validations or None,
        }
        for name, value in given.items():
            if value is not None:
                setattr(self, name, value)
        for name, value in settings.items():
            setattr(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        if not isinstance(vars(Configuration).get(name), Setting):
            raise ApiAttributeError(_no_such_setting(name))
        object.__setattr__(self, name, value)
        for other in _RIVALS.get(name, ()):
            vars(self).pop(other, None)
        vars(self).get("lost", set()).discard(name)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            raise ApiAttributeError(_no_such_setting(name))

    @property
    def logger(self) -> dict[str, logging.Logger]:
        """The loggers that `debug` and `logger_file` act on."""
        from gentrace import _logs  # noqa: PLC0415 - logging is slow to import

        return {
            "package_logger": _logs.logger("gentrace"),
            "urllib3_logger": _logs.logger("urllib3"),
        }

    @classmethod
    def set_default(cls, default: Configuration | None) -> None:
        """Make a copy of `default` what `get_default_copy` starts from; None forgets it."""
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
        lost = set(vars(self).get("lost", ()))
        if not self.pickle_token:
            lost |= {name for name in state if name in _SECRETS and state[name]}
        kept = {name: value for name, value in state.items() if name not in lost}
        return _restore, (type(self), kept, lost)

    def check_complete(self) -> None:
        """Check that no secret was left behind in a pickle.

        Raises:
            ApiValueError: one was, and nothing has taken its place.

        """
        for name in sorted(vars(self).get("lost", ())):
            raise ApiValueError(
                f"{name}: was left out when this configuration was pickled; set it here, or set "
                f"pickle_token = True before pickling"
                + (", or set GENTRACE_API_KEY" if name == "access_token" else "")
            )

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
            ApiValueError: no such server, no such variable, or a value it may not have.

        """
        if index is None:
            return self.host
        known = self.get_host_settings() if servers is None else servers
        if not 0 <= index < len(known):
            raise refuse("server_index", f"the index of one of {len(known)} servers", index)
        server = known[index]
        declared: Mapping[str, Any] = server.get("variables", {})
        given = dict(variables or {})
        url = str(server["url"])
        for name, variable in declared.items():
            value = given.pop(name, variable["default_value"])
            if value not in variable.get("enum_values", (value,)):
                raise refuse(
                    f"server_variables[{name!r}]", f"one of {variable['enum_values']}", value
                )
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


SETTINGS: dict[str, Setting[Any]] = {
    name: item for name, item in vars(Configuration).items() if isinstance(item, Setting)
}
"""The attributes of a configuration, by name."""

_SECRETS = frozenset(name for name, item in SETTINGS.items() if item.secret)

_RIVALS = {"host": ("server_index",), "server_index": ("host",)}
"""Settings that say the same thing: setting one forgets the other."""


def _restore(kind: type[Configuration], state: dict[str, Any], lost: set[str]) -> Configuration:
    restored = object.__new__(kind)
    vars(restored).update(state)
    if lost:
        vars(restored)["lost"] = lost
        token = os.environ.get("GENTRACE_API_KEY")
        if token and "access_token" in lost:
            restored.access_token = token
    return restored


def _no_such_setting(name: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only an error needs it

    close = get_close_matches(name, [*SETTINGS, "logger"], 1)
    return f"Configuration has no {name!r}" + (f": did you mean {close[0]!r}?" if close else "")
