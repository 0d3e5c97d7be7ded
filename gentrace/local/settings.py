"""The settings of a server, and their checks."""

from collections.abc import Collection
from dataclasses import dataclass, field
from numbers import Integral, Real
from os import PathLike
from reprlib import repr as short_repr
from typing import Final, cast

from gentrace.tracebacks import hide_arguments

MIB: Final = 2**20
MAX_BODY: Final = 64 * MIB
# SQLite holds no value larger than 1,000,000,000 bytes.
LARGEST_BODY: Final = 900 * MIB
TIMEOUT: Final = 60.0
LAST_PORT: Final = 65535
# The types of each setting, and the words for them in an error.
TYPES: Final[dict[str, tuple[tuple[type, ...], str]]] = {
    "host": ((str,), "a host name or address"),
    "port": ((Integral,), "a port number"),
    "database": ((str, PathLike, type(None)), "a path or None"),
    "token": ((str, type(None)), "text or None"),
    "max_body": ((Integral,), "a number of bytes"),
    "timeout": ((Real,), "a number of seconds"),
    "keep": ((Real, type(None)), "a number of seconds or None"),
    "max_runs": ((Integral, type(None)), "a number of runs or None"),
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of a server; an invalid one raises TypeError or ValueError.

    `port` 0 is a free one, `database` None a temporary file. `token` None serves everyone who can
    reach the server, so it is not allowed for a `host` beyond loopback. `max_body` is in bytes, and
    limits a body both as sent and decompressed. `timeout` is in seconds, and applies separately to
    the arrival of a request's head, to that of its body, to the check of the body, and to a client
    that does not read its response. `allowed_hosts` are further names (`NAME`, with any port, or
    `NAME:PORT`) in the `Host` header of requests, such as the name of this machine or of a reverse
    proxy. `keep` is in seconds: older runs are deleted; `max_runs` is how many of the newest are
    kept; None keeps all.
    """

    host: str = "127.0.0.1"
    port: int = 0
    database: str | PathLike[str] | None = None
    token: str | None = field(default=None, repr=False)
    max_body: int = MAX_BODY
    timeout: float = TIMEOUT
    allowed_hosts: Collection[str] = ()
    keep: float | None = None
    max_runs: int | None = None

    def __post_init__(self) -> None:
        """Check the settings, without access to network or disk."""
        self._check_types()
        if self.database == "":
            raise ValueError("the database must be a path or None, not empty")
        if not 0 <= self.port <= LAST_PORT:
            raise ValueError(f"the port must be from 0 to {LAST_PORT}, not {self.port}")
        if not 1 <= self.max_body <= LARGEST_BODY:
            raise ValueError(
                f"the largest body must be from 1 to {LARGEST_BODY} bytes, not {self.max_body}"
            )
        if not 0 < self.timeout < float("inf"):
            raise ValueError(f"the time-out must be a number of seconds, not {self.timeout}")
        if self.keep is not None and not 0 < self.keep < float("inf"):
            raise ValueError(f"the time to keep runs must be above 0 seconds, not {self.keep}")
        if self.max_runs is not None and self.max_runs < 1:
            raise ValueError(f"the number of runs to keep must be above 0, not {self.max_runs}")
        # The message never repeats the token. A header can only carry latin-1.
        if self.token is not None and not _can_be_sent(self.token):
            raise ValueError("the token must be printable latin-1 text without spaces, not empty")

    def _check_types(self) -> None:
        for name, (types, expected) in TYPES.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, types):
                # A token of the wrong type, such as bytes, may be a secret all the same.
                raise _wrong_type(name, expected, value, is_secret=name == "token")
        hosts = cast("object", self.allowed_hosts)
        if isinstance(hosts, str) or not isinstance(hosts, Collection):
            raise _wrong_type("allowed_hosts", "a list of names", hosts)
        for host in cast("Collection[object]", hosts):
            if not isinstance(host, str):
                raise _wrong_type("allowed_hosts", "a list of names", host)


# Not in the class, whose constructor the decorator makes.
setattr(Settings, "__init__", hide_arguments(Settings.__init__))  # noqa: B010 - or a type error


def check_callable(name: str, value: object) -> None:
    """Raise TypeError for what cannot be called."""
    if not callable(value):
        raise _wrong_type(name, "a callable", value)


def _wrong_type(name: str, expected: str, value: object, *, is_secret: bool = False) -> TypeError:
    """Build the error of a setting of the wrong type; the caller raises it."""
    got = type(value).__name__
    if value is None:
        got = "None"
    elif not is_secret:
        got += f" {short_repr(value)}"
    return TypeError(f"{name}: expected {expected}, got {got}")


def _can_be_sent(token: str) -> bool:
    try:
        token.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return token.isprintable() and token != "" and not any(map(str.isspace, token))
