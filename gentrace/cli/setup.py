"""What is installed and configured, and where each setting comes from."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from gentrace._version import __version__
from gentrace.cli.finding import KNOWN, WRONG, Finding
from gentrace.cli.spool import look_at_all, word
from gentrace.configuration import API_VERSION
from gentrace.configuration.proxies import find_proxy
from gentrace.configuration.secrets import mask_url
from gentrace.delivery.off import VARIABLE, is_disabled, is_unconfigured

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gentrace.configuration import Configuration

PACKAGES: Final = ("urllib3", "certifi", "frozendict", "python-dateutil")
EXTRAS: Final = {
    "cli": ("tqdm",),
    "dask": ("dask", "distributed"),
    "local": ("jsonschema", "rfc3339-validator", "starlette", "uvicorn"),
    "orjson": ("orjson",),
    "socks": ("PySocks",),
}
PORTS: Final = {"http": 80, "https": 443}


def look_at_versions() -> Iterator[Finding]:
    """Give the versions of the package, of Python and of what a call depends on."""
    yield Finding("gentrace", KNOWN, f"gentrace-py {__version__}, API {API_VERSION}")
    yield Finding("python", KNOWN, f"{platform.python_version()} on {platform.platform()}")
    yield Finding("packages", KNOWN, ", ".join(map(_version, PACKAGES)))
    for extra, packages in EXTRAS.items():
        yield Finding(f"[{extra}]", KNOWN, ", ".join(map(_version, packages)))


def _version(package: str) -> str:
    try:
        return f"{package} {metadata.version(package)}"
    except metadata.PackageNotFoundError:
        return f"no {package}"


def look_at_settings(configuration: Configuration, host_from: str | None) -> Iterator[Finding]:
    """Give the settings that say where runs go.

    Args:
        configuration: the settings.
        host_from: what said the host, None for the environment or the default.

    """
    if host_from is None:
        host_from = "GENTRACE_HOST" if os.environ.get("GENTRACE_HOST") else "the default"
    yield Finding("host", KNOWN, f"{mask_url(configuration.host)} ({host_from})")
    if configuration.access_token is not None:
        yield Finding("token", KNOWN, "set (GENTRACE_API_KEY)")
    elif is_unconfigured(configuration):
        words = "none, so runs are neither recorded nor sent: set GENTRACE_API_KEY"
        yield Finding("token", WRONG, words)
    else:
        yield Finding("token", KNOWN, "none (GENTRACE_API_KEY is not set)")
    if is_disabled():
        words = f"off: {VARIABLE} is {os.environ[VARIABLE].strip()}; unset it to record runs"
        yield Finding("recording", WRONG, words)
    yield _look_at_proxy(configuration.host)
    files = [name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)]
    roots = ", ".join(f"{name} = {os.environ[name]}" for name in files) or "those of certifi"
    yield Finding("roots", KNOWN, roots)


def look_at_spool(directory: Path) -> Iterator[Finding]:
    """Give what waits in a directory that deliveries use as their spool."""
    try:
        if not directory.is_dir():
            yield Finding("spool", WRONG, f"{directory}: there is no such directory")
            return
        files = look_at_all(directory)
    except OSError as error:
        yield Finding("spool", WRONG, f"cannot be read: {error}")
        return
    if not files:
        yield Finding("spool", KNOWN, f"{directory}: nothing waits")
    for file in files:
        yield Finding("spool", WRONG if file.flaw else KNOWN, word(file))


def _look_at_proxy(host: str) -> Finding:
    url = urlsplit(host)
    port = url.port or PORTS[url.scheme]
    proxy = find_proxy(url.scheme, url.hostname or "", port)
    if proxy is None:
        return Finding("proxy", KNOWN, "none for this host")
    return Finding("proxy", KNOWN, f"{mask_url(proxy)} (the environment)")
