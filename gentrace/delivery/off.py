"""Whether delivery is off."""

from __future__ import annotations

import os

from gentrace.configuration import SERVERS, Configuration
from gentrace.delivery.notices import warn_once
from gentrace.paths.pipeline_run.post import operation

VARIABLE = "GENTRACE_DISABLED"
_ON = {"1", "true", "yes", "on"}


def is_off(configuration: Configuration) -> bool:
    """Tell whether no run is recorded or sent, and warn once if so."""
    if is_switched_off():
        return True
    if not is_unconfigured(configuration):
        return False
    warn_once(
        "unconfigured",
        "no run is recorded or sent: there is no token; set GENTRACE_API_KEY or "
        "Configuration.access_token, or GENTRACE_HOST for a server that needs none",
    )
    return True


def is_switched_off() -> bool:
    """Tell whether the environment turns it off, and warn once if so."""
    if not is_disabled():
        return False
    warn_once(VARIABLE, f"no run is recorded or sent: {VARIABLE} is set; unset it to send runs")
    return True


def is_disabled() -> bool:
    """Tell whether the environment turns it off."""
    return os.environ.get(VARIABLE, "").strip().lower() in _ON


def is_unconfigured(configuration: Configuration) -> bool:
    """Tell whether there is no token, and the host is the default one, which needs a token."""
    if configuration.access_token is not None:
        return False
    return _host_name(configuration.host_of(operation.name)) == _host_name(SERVERS[0]["url"])


def _host_name(url: str) -> str:
    """Return the host name of an address, normalized."""
    place = url.partition("://")[2].partition("/")[0]
    return place.partition(":")[0].casefold().removesuffix(".")
