"""Connection pools by origin, with their proxies."""

from __future__ import annotations

import ssl
import threading
from functools import lru_cache
from importlib import import_module
from ipaddress import ip_address
from operator import attrgetter
from typing import Any
from urllib.parse import SplitResult, urlsplit

from urllib3 import HTTPConnectionPool, PoolManager, ProxyManager
from urllib3.connection import HTTPConnection

from gentrace.configuration import Configuration, check_proxy, hide_arguments
from gentrace.configuration.proxies import DEFAULT_PORTS, ProxyUrl, find_proxy
from gentrace.configuration.secrets import Headers, find_secrets
from gentrace.exceptions import ApiConnectionException, ApiValueError
from gentrace.process import fork_safe_imports
from gentrace.rest.connections import guard
from gentrace.rest.slots import Slots
from gentrace.rest.tls import TlsContexts

MAX_ROUTES = 32
"""How many origins have a pool; the least recently used one is evicted for another origin."""


class Routes:
    """The routes of a client, one for each origin.

    Args:
        configuration: how connections are made; copied.

    """

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration.copy()
        # Of the copy: another thread may change the original meanwhile.
        self._key: object = _read_connection_settings(self._configuration)
        self._contexts = TlsContexts(self._configuration)
        self._routes: dict[str, Route] = {}
        self._lock = threading.RLock()

    def matches(self, configuration: Configuration) -> bool:
        """Tell whether a configuration makes connections in the same way."""
        return self._key == _read_connection_settings(configuration)

    def find(self, host: str) -> Route:
        """Return the route to the origin of a base address; make it for the first call.

        Raises:
            ApiValueError: certificates, key or proxy of the configuration cannot be used.
            ApiConnectionException: they cannot be read now, or another package replaces urllib3.

        """
        origin, url = _split(host)
        route = self._routes.get(origin)
        if route is not None and len(self._routes) == 1 and not route.is_stale():
            return route  # as for nearly every call
        with self._lock:
            route = self._routes.pop(origin, None)
            if route is not None and route.is_stale():
                route.close()
                route = None
            if route is None:
                with fork_safe_imports():  # imports such as certifi or PySocks
                    route = Route(url, self._configuration, self._contexts)
            self._routes[origin] = route
            if len(self._routes) > MAX_ROUTES:
                self._routes.pop(next(iter(self._routes))).close()
        return route

    def close(self) -> None:
        """Close idle connections; those in use are closed when their calls end."""
        with self._lock:
            routes, self._routes = self._routes, {}
        for route in routes.values():
            route.close()


_read_connection_settings = attrgetter(
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
"""Returns the settings that connections are made with."""


@lru_cache(maxsize=4 * MAX_ROUTES)
def _split(host: str) -> tuple[str, SplitResult]:
    """Return the normalized origin of a base address, and its parts."""
    url = urlsplit(host)
    return origin_of(url), url


class Route:
    """The connection pool of one origin, directly or through a proxy.

    Attributes:
        netloc: host and port, as in the header field `Host`.
        origin: scheme, host and port, as a URL.
        prefix: what precedes the path in the request line: the origin, for an HTTP proxy.
        label: how messages name it, the proxy included.
        uses_tls: whether the origin speaks TLS.
        has_proxy: whether requests go through a proxy.
        secrets: credentials of the proxy, which no message may hold.
        pool: the connections.
        insecurity: a warning if others can read what is sent, else None.

    """

    def __init__(
        self, url: SplitResult, configuration: Configuration, contexts: TlsContexts
    ) -> None:
        self.netloc = _format_netloc(url)
        self.origin = self.label = origin_of(url)
        self.uses_tls = url.scheme == "https"
        self.prefix = ""
        self.secrets: list[str] = []
        address = url.hostname or "", url.port or DEFAULT_PORTS[url.scheme]
        proxy = _find_proxy(url.scheme, *address, configuration.proxy)
        fields = Headers()
        self.has_proxy = proxy is not None
        if proxy is not None:
            self.label += f" through the proxy {proxy.shown}"
            fields = proxy.make_fields(configuration.proxy_headers or {})
            self.secrets = [*proxy.secrets, *find_secrets(fields, everywhere=True)]
            if not self.uses_tls and not proxy.scheme.startswith("socks"):
                self.prefix = self.origin
        manager = _make_manager(url.scheme, proxy, fields, configuration, contexts)
        # The classes that urllib3 has now: a tool may have replaced some.
        self._pool_classes: dict[str, Any] = manager.pool_classes_by_scheme
        self._replaceable_classes = self._find_replaceable_classes()
        manager.pool_classes_by_scheme = {
            scheme: _guard_pool(pool_class) for scheme, pool_class in self._pool_classes.items()
        }
        self.pool = manager.connection_from_host(*address, url.scheme)
        slots: object = self.pool.pool
        if not isinstance(slots, Slots):
            raise ApiConnectionException(
                0,
                "another package has replaced the files of urllib3, as urllib3-future does, which "
                "niquests needs; docs/tools.md says how to keep both",
            )
        self._slots = slots
        self._is_retired = False
        self.insecurity = self._find_insecurity(address[0], proxy)

    def is_stale(self) -> bool:
        """Tell whether this is retired, or a tool has replaced or restored a class since."""
        return self._is_retired or self._replaceable_classes != self._find_replaceable_classes()

    def _find_replaceable_classes(self) -> tuple[type, ...]:
        """Return the classes that a tool may replace."""
        pools = self._pool_classes
        return ssl.SSLContext, pools["http"].ConnectionCls, pools["https"].ConnectionCls

    def retire(self) -> None:
        """Serve no other call: an interrupt may have left the pool inconsistent."""
        self._is_retired = True
        self.close()

    def close(self) -> None:
        """Close idle connections; those in use are closed when their calls end."""
        self.pool.close()
        self._slots.close()

    def _find_insecurity(self, host: str, proxy: ProxyUrl | None) -> str | None:
        ends = [host] if proxy is None else [host, proxy.host]
        if not self.uses_tls and not all(map(_is_loopback, ends)):
            return f"the token is sent to {self.origin} without encryption: use https://"
        if self.uses_tls and self.pool.conn_kw["ssl_context"].verify_mode == ssl.CERT_NONE:
            return (
                f"the token is sent to {self.origin}, whose certificate is not checked: set "
                "verify_ssl = True, and ssl_ca_cert to what to trust"
            )
        return None


@hide_arguments  # the environment's address may hold a password
def _find_proxy(scheme: str, host: str, port: int, proxy: str | None) -> ProxyUrl | None:
    """Return the proxy of an origin: the given one, or else that of the environment."""
    name = "proxy"
    if proxy is None:
        # Checked like the setting, so that a bad environment variable is reported too.
        variable, address = find_proxy(scheme, host, port) or ("", None)
        name = f"environment variable {variable}"
        proxy = check_proxy(name, address)
    if not proxy:
        return None
    parsed = ProxyUrl(proxy)
    if parsed.scheme.startswith("socks"):
        try:
            import_module("socks")
        except ImportError:
            raise ApiValueError(
                f"{name}: a SOCKS proxy needs PySocks: pip install 'urllib3[socks]'"
            ) from None
    return parsed


def _make_manager(
    scheme: str,
    proxy: ProxyUrl | None,
    proxy_headers: Headers,
    configuration: Configuration,
    contexts: TlsContexts,
) -> PoolManager:
    """Return a pool manager of urllib3 for one origin, directly or through a proxy."""
    options = configuration.socket_options
    common: dict[str, Any] = {
        "num_pools": 1,
        "maxsize": configuration.connection_pool_maxsize,
        "block": True,
        "socket_options": HTTPConnection.default_socket_options if options is None else options,
    }
    if scheme == "https":
        context = common["ssl_context"] = contexts.get()
        # For a name to assert, urllib3 turns the context's own check of names off for good.
        if not (contexts.is_given and context.check_hostname):
            common["assert_hostname"] = configuration.assert_hostname
        common["server_hostname"] = configuration.tls_server_name
    if proxy is None:
        return PoolManager(**common)
    if proxy.scheme.startswith("socks"):
        from urllib3.contrib.socks import SOCKSProxyManager  # noqa: PLC0415 - needs PySocks

        user, password = proxy.username or None, proxy.password or None
        return SOCKSProxyManager(proxy.shown, user, password, **common)
    if proxy.scheme == "https":
        common["proxy_ssl_context"] = contexts.get(for_proxy=True)
        # urllib3 up to 2.7 takes the proxy's context from here, if the origin is plain HTTP.
        common.setdefault("ssl_context", common["proxy_ssl_context"])
    return ProxyManager(proxy.shown, proxy_headers=proxy_headers, **common)


def _guard_pool(pool_class: type[HTTPConnectionPool]) -> Any:
    """Return a subclass of a pool class whose connections keep deadlines and check framing."""
    connection_class = guard(pool_class.ConnectionCls)
    attributes = {"ConnectionCls": connection_class, "QueueCls": Slots}
    return type(pool_class.__name__, (pool_class,), attributes)


def origin_of(url: SplitResult) -> str:
    """Return the normalized scheme, host and port; ValueError if the port is no number."""
    return f"{url.scheme}://{_format_netloc(url)}"


def _format_netloc(url: SplitResult) -> str:
    """Return host and port; the default port is left out."""
    host = url.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if url.port in {None, DEFAULT_PORTS.get(url.scheme)} else f"{host}:{url.port}"


def _is_loopback(host: str) -> bool:
    """Tell whether a host, in lower case, is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return f".{host.rstrip('.')}".endswith(".localhost")
