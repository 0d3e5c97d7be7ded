"""What tests of the transport ask for."""

import pytest


@pytest.fixture
def waits(monkeypatch):
    """The seconds between tries, which pass at once."""
    asked = []
    monkeypatch.setattr("time.sleep", asked.append)
    return asked
