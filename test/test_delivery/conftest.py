"""What tests of a delivery ask for."""

import pytest


@pytest.fixture
def spool(tmp_path):
    """A directory for a spool, which is made with the first run."""
    return tmp_path / "spool"
