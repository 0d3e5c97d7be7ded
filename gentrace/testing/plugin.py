"""The pytest plugin: the fixture `gentrace_server`.

pytest loads this module in every environment that has the package. So it imports only pytest until
a test uses the fixture.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from gentrace.testing.server import Server

CLOSE_TIMEOUT = 1.0
"""Seconds that the runs of a test have to arrive after its end."""


@pytest.fixture(scope="session")
def _gentrace_session_server() -> Generator[Server]:
    """Run one server for the whole session; each worker of xdist has its own."""
    try:
        from gentrace.testing.server import serve  # noqa: PLC0415 - the extra may not be installed
    except ImportError as error:
        message = f"gentrace_server needs the extra `local`: {error}"
        raise pytest.fail.Exception(message, pytrace=False) from None
    with serve() as server:
        yield server


@pytest.fixture
def gentrace_server(
    _gentrace_session_server: Server, monkeypatch: pytest.MonkeyPatch
) -> Generator[Server]:
    """Give a real Gentrace server on loopback, empty at the start of each test.

    For the test, `GENTRACE_HOST` names it, `GENTRACE_API_KEY` and `GENTRACE_DISABLED` are unset,
    `NO_PROXY` lists 127.0.0.1, no default configuration is set, and the default delivery is a new
    one. Clients and deliveries that were created before are not changed. `runs` are the stored
    runs, `wait_for_runs(count)` waits for them; `fail`, `delay` and `drop` set faults for the next
    requests. The variables are set by `monkeypatch`, whose `undo()` would end that early.
    """
    server = _gentrace_session_server
    server.clear()
    # Tests set variables with the same fixture: one undo stack restores them in any order.
    monkeypatch.setenv("GENTRACE_HOST", server.url)
    monkeypatch.delenv("GENTRACE_API_KEY", raising=False)
    monkeypatch.delenv("GENTRACE_DISABLED", raising=False)
    # The lower-case variable wins if both are set.
    for name in {"NO_PROXY", *({"no_proxy"} & os.environ.keys())}:
        if os.environ.get(name) != "*":  # many libraries know it only as the whole value
            monkeypatch.setenv(name, "127.0.0.1", prepend=",")
    from gentrace.configuration import Configuration  # noqa: PLC0415 - needed from here on
    from gentrace.delivery import set_default_delivery  # noqa: PLC0415 - needed from here on
    from gentrace.delivery.delivery import list_deliveries  # noqa: PLC0415 - likewise

    older = list_deliveries()
    configuration = Configuration.set_default(None)
    delivery = set_default_delivery(None)
    try:
        yield server
    finally:
        server.clear()
        Configuration.set_default(configuration)
        used = set_default_delivery(delivery)
        if used is not None and used in older:
            used.flush(CLOSE_TIMEOUT)  # the program's own, which later tests use too
        elif used is not None:
            used.close(CLOSE_TIMEOUT)
