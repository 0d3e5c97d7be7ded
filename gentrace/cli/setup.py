"""Findings about the installation, the configuration and the spool."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from importlib import metadata
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from gentrace._version import __version__
from gentrace.cli.finding import INFO, WRONG, Finding
from gentrace.cli.spool import describe, list_entries
from gentrace.configuration import API_VERSION, Configuration
from gentrace.configuration.addresses import mask_credentials
from gentrace.configuration.proxies import DEFAULT_PORTS, find_proxy
from gentrace.delivery.off import VARIABLE, is_disabled, is_unconfigured

if TYPE_CHECKING:
    from pathlib import Path


PACKAGES: Final = ("urllib3", "certifi", "frozendict", "python-dateutil")
EXTRAS: Final = {
    "cli": ("tqdm",),
    "dask": ("dask", "distributed"),
    "local": ("jsonschema", "rfc3339-validator", "starlette", "uvicorn"),
    "orjson": ("orjson",),
    "socks": ("PySocks",),
}


def find_versions() -> Iterator[Finding]:
    """Yield the versions of the package, of Python and of the dependencies."""
    yield Finding("gentrace", INFO, f"gentrace-py {__version__}, API {API_VERSION}")
    yield Finding("python", INFO, f"{platform.python_version()} on {platform.platform()}")
    yield Finding("packages", INFO, ", ".join(map(_version, PACKAGES)))
    for extra, packages in EXTRAS.items():
        yield Finding(f"[{extra}]", INFO, ", ".join(map(_version, packages)))


def _version(package: str) -> str:
    try:
        return f"{package} {metadata.version(package)}"
    except metadata.PackageNotFoundError:
        return f"no {package}"


def find_settings(configuration: Configuration, host_from: str | None) -> Iterator[Finding]:
    """Yield the settings that decide where runs go.

    Args:
        configuration: the settings.
        host_from: the source of the host, None for the environment or the default.

    """
    if host_from is None:
        host_from = "GENTRACE_HOST" if os.environ.get("GENTRACE_HOST") else "the default"
    yield Finding("host", INFO, f"{configuration.host} ({host_from})")
    if configuration.access_token is not None:
        yield Finding("token", INFO, "set (GENTRACE_API_KEY)")
    elif is_unconfigured(configuration):
        text = "none, so runs are neither recorded nor sent: set GENTRACE_API_KEY"
        yield Finding("token", WRONG, text)
    else:
        yield Finding("token", INFO, "none (GENTRACE_API_KEY is not set)")
    if is_disabled():
        text = f"off: {VARIABLE} is {os.environ[VARIABLE].strip()}; unset it to record runs"
        yield Finding("recording", WRONG, text)
    yield _find_proxy(configuration.host)
    names = [name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)]
    roots = ", ".join(f"{name} = {os.environ[name]}" for name in names) or "those of certifi"
    yield Finding("roots", INFO, roots)


def find_spool(directory: Path) -> Iterator[Finding]:
    """Yield the files of a spool directory."""
    try:
        if not directory.is_dir():
            yield Finding("spool", WRONG, f"{directory}: there is no such directory")
            return
        entries = list_entries(directory)
    except OSError as error:
        yield Finding("spool", WRONG, f"cannot be read: {error}")
        return
    if not entries:
        yield Finding("spool", INFO, f"{directory}: no unsent runs")
    for entry in entries:
        yield Finding("spool", WRONG if entry.flaw else INFO, describe(entry))


def _find_proxy(host: str) -> Finding:
    url = urlsplit(host)
    port = url.port or DEFAULT_PORTS[url.scheme]
    found = find_proxy(url.scheme, url.hostname or "", port)
    if found is None:
        return Finding("proxy", INFO, "none for this host")
    variable, proxy = found
    return Finding("proxy", INFO, f"{mask_credentials(proxy)} ({variable})")
