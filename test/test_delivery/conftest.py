"""What tests of a delivery ask for."""

import pytest
from support.deliveries import balances
from support.desks import Desk


@pytest.fixture
def spool(tmp_path):
    """A directory for a spool, which is made with the first run."""
    return tmp_path / "spool"


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path / "spool")
    yield desk
    assert balances(desk.queue.stats)
    desk.spool.close()
