"""Testing whether a server can be reached and accepts the token."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gentrace.api_client import ApiClient
from gentrace.cli.finding import OK, WRONG, Finding
from gentrace.exceptions import (
    ApiException,
    ApiTlsException,
    ApiTypeError,
    ApiValueError,
    InsecureTransportWarning,
)
from gentrace.operations.operation import is_success
from gentrace.operations.outcomes import kind_of_status
from gentrace.paths import PathValues

if TYPE_CHECKING:
    from gentrace.configuration import Configuration
    from gentrace.rest import HTTPResponse

EMPTY_RUN: Final = "{}"
"""An invalid body: a server that accepts the token rejects it, so nothing is stored."""

REJECTED: Final = frozenset({400, 422})


def probe_server(configuration: Configuration, timeout: float) -> Iterator[Finding]:
    """Send one request that stores nothing, and yield findings from the response.

    Args:
        configuration: the server and the token.
        timeout: how long the request may take, in seconds.

    """
    without_retries = configuration.copy()
    without_retries.retries = 0
    start = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught, ApiClient(without_retries) as client:
        warnings.simplefilter("always", InsecureTransportWarning)
        try:
            response = client.call_api(
                PathValues.PIPELINERUN,
                "POST",
                {"Content-Type": "application/json"},
                EMPTY_RUN,
                timeout=timeout,
            )
        except (ApiTypeError, ApiValueError) as error:
            yield Finding("settings", WRONG, str(error))
            return
        except ApiException as error:
            topic = "tls" if isinstance(error, ApiTlsException) else "network"
            yield Finding(topic, WRONG, str(error))
            return
    milliseconds = (time.perf_counter() - start) * 1000
    yield Finding("network", OK, f"the server answered in {milliseconds:.0f} ms")
    if configuration.host.startswith("https:"):
        yield Finding("tls", OK, "encrypted, its certificate is trusted")
    for warning in caught:
        yield Finding("tls", WRONG, str(warning.message))
    yield _judge_access(response, has_token=configuration.access_token is not None)


def _judge_access(response: HTTPResponse, *, has_token: bool) -> Finding:
    status = response.status
    is_json = "json" in response.headers.get("Content-Type", "").lower()
    if is_success(status) and (is_json or not response.data):
        return Finding("access", OK, "the server stores runs without checking them")
    kind = kind_of_status(status)
    if kind == "denied" and has_token:
        return Finding("access", WRONG, f"the server refused the token ({status})")
    if kind == "denied":
        text = "no token was sent, and the server wants one: set GENTRACE_API_KEY"
        return Finding("access", WRONG, f"{text} ({status})")
    if status in REJECTED:
        text = "the token is accepted" if has_token else "no token is needed"
        return Finding("access", OK, text)
    if kind == "transient":
        text = "it failed or has too much to do, try again later"
    else:
        text = "that is not a response of the Gentrace API; check the host"
    return Finding("access", WRONG, f"the server answered {status} to an empty run: {text}")
