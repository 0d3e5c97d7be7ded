"""Whether a server can be reached, and takes the token."""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING, Final

from gentrace.api_client import ApiClient
from gentrace.cli.finding import WELL, WRONG, Finding
from gentrace.exceptions import (
    ApiException,
    ApiTlsException,
    ApiTypeError,
    ApiValueError,
    InsecureTransportWarning,
)
from gentrace.paths import PathValues

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gentrace.configuration import Configuration

NO_RUN: Final = "{}"
"""A body that every server refuses, once it has taken the token."""

REFUSED: Final = frozenset({400, 422})
BAD_TOKEN: Final = frozenset({401, 403})
PASSING: Final = frozenset({408, 429})
SERVER_ERROR: Final = 500


def try_server(configuration: Configuration, timeout: float) -> Iterator[Finding]:
    """Send one request that stores nothing, and give what follows from its answer.

    Args:
        configuration: the server and the token.
        timeout: how long it may take, in seconds.

    """
    once = configuration.copy()
    once.retries = 0
    begun = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught, ApiClient(once) as client:
        warnings.simplefilter("always", InsecureTransportWarning)
        try:
            answer = client.call_api(
                PathValues.PIPELINERUN,
                "POST",
                {"Content-Type": "application/json"},
                NO_RUN,
                timeout=timeout,
            )
        except (ApiTypeError, ApiValueError) as error:
            yield Finding("settings", WRONG, str(error))
            return
        except ApiException as error:
            topic = "tls" if isinstance(error, ApiTlsException) else "network"
            yield Finding(topic, WRONG, str(error))
            return
    took = (time.perf_counter() - begun) * 1000
    yield Finding("network", WELL, f"the server answered in {took:.0f} ms")
    if configuration.host.startswith("https:"):
        checked = "its certificate is trusted" if configuration.verify_ssl else "it is not checked"
        yield Finding("tls", WELL, f"encrypted, {checked}")
    for warning in caught:
        yield Finding("tls", WRONG, str(warning.message))
    yield _judge(answer.status, has_token=configuration.access_token is not None)


def _judge(status: int, *, has_token: bool) -> Finding:
    if status in BAD_TOKEN:
        words = (
            "the server refused the token"
            if has_token
            else "no token was sent, and the server wants one: set GENTRACE_API_KEY"
        )
        return Finding("access", WRONG, f"{words} ({status})")
    if status in REFUSED:
        words = "the token is accepted" if has_token else "no token is needed"
        return Finding("access", WELL, words)
    words = (
        "it failed or has too much to do, try again later"
        if status in PASSING or status >= SERVER_ERROR
        else "that is no answer of the Gentrace API; check the host"
    )
    return Finding("access", WRONG, f"the server answered {status} to an empty run: {words}")
