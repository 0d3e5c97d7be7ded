"""The fuzzers' targets: with all of the corpus, and with inputs drawn anew."""

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).with_name("fuzz")))

from targets import TARGETS, seeds


@pytest.mark.parametrize("name", TARGETS)
def test_corpus(name):
    for data in seeds(name):
        TARGETS[name](data)


@pytest.mark.filterwarnings("ignore:.*which is sent as it is")
@pytest.mark.parametrize("name", TARGETS)
def test_inputs_near_the_corpus(name):
    known = seeds(name)

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(known), st.binary(max_size=12), st.integers(0, 400), st.integers(0, 12))
    def check(seed, data, start, length):
        place = start % (len(seed) + 1)
        TARGETS[name](seed[:place] + data + seed[place + length :])

    check()


@pytest.mark.filterwarnings("ignore:.*which is sent as it is")
@pytest.mark.parametrize("name", TARGETS)
def test_any_input(name):
    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.binary(max_size=200))
    def check(data):
        TARGETS[name](data)

    check()
