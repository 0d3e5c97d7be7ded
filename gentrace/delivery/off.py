"""Whether runs are delivered at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from gentrace.configuration import SERVERS
from gentrace.delivery.notices import warn_once
from gentrace.paths.pipeline_run.post import operation

if TYPE_CHECKING:
    from gentrace.configuration import Configuration

VARIABLE = "GENTRACE_DISABLED"
_ON = {"1", "true", "yes", "on"}


def is_off(configuration: Configuration) -> bool:
    """Tell whether no run goes anywhere, and warn once if so."""
    if is_disabled():
        warn_once(VARIABLE, f"no run is recorded or sent: {VARIABLE} is set; unset it to send runs")
    elif is_unconfigured(configuration):
        warn_once(
            "unconfigured",
            "no run is recorded or sent: there is no token; set GENTRACE_API_KEY or "
            "Configuration.access_token, or GENTRACE_HOST for a server that needs none",
        )
    else:
        return False
    return True


def is_disabled() -> bool:
    """Tell whether the environment says so."""
    return os.environ.get(VARIABLE, "").strip().lower() in _ON


def is_unconfigured(configuration: Configuration) -> bool:
    """Tell whether there is neither token nor a host of one's own."""
    if configuration.access_token is not None:
        return False
    return _spell(configuration.host_of(operation.name)) == _spell(SERVERS[0]["url"])


def _spell(url: str) -> str:
    """Return an address in one of the spellings that mean the same."""
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    return f"{scheme.lower()}://{place.lower().removesuffix(':443')}{slash}{path}"
