"""A pipeline whose runs stay in memory."""

import pytest
from support.recording import InMemory

from gentrace.recorder import Pipeline


@pytest.fixture
def delivery():
    """What takes the runs of `pipeline`."""
    return InMemory()


@pytest.fixture
def pipeline(delivery):
    """A pipeline whose runs stay in memory."""
    return Pipeline("answer-question", delivery=delivery)
