"""A server that lines are sent to."""

import pytest

import gentrace.testing
from gentrace import Configuration
from gentrace.backfill import send_lines, sending


@pytest.fixture(scope="module")
def _shared():
    with gentrace.testing.serve() as server:
        yield server


@pytest.fixture
def server(_shared):
    """A server that holds nothing yet."""
    _shared.clear()
    return _shared


@pytest.fixture
def send(server):
    """Send lines to the server."""
    return lambda lines, **settings: send_lines(lines, Configuration(server.url), **settings)


@pytest.fixture
def _quick(monkeypatch):
    """Pause next to nothing between two tries."""
    monkeypatch.setattr(sending, "INITIAL_BACKOFF", 0.001)
    monkeypatch.setattr(sending, "MAX_BACKOFF", 0.01)
