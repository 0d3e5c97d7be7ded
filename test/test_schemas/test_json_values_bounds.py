"""How much of a recorded value is read: 100,000 values and 4 MiB."""

import json
import sys
import tracemalloc

import pytest

from gentrace.schemas import encode, find_encoder
from gentrace.schemas.json_precheck import spend_budget
from gentrace.schemas.json_values import MAX_BYTES, MAX_VALUES, encode_json_value, to_json_value

ENCODERS = [None, find_encoder("auto")]


def test_conversion_stops_at_many_values():
    """What is not read is said where it would stand; what is read stays."""
    numbers = list(range(2 * MAX_VALUES))
    left = to_json_value({"a": numbers, "b": 1})
    assert left["a"][:10] == numbers[:10]
    assert left["a"][-1] == {"truncated": "beyond 100,000 values"}
    assert MAX_VALUES - 10 < len(left["a"]) <= MAX_VALUES
    assert left["truncated"] == "beyond 100,000 values"
    assert "b" not in left
    assert len(to_json_value(numbers[: MAX_VALUES - 1])) == MAX_VALUES - 1
    for many in (*([0] * (MAX_VALUES + more) for more in (1, 1_000, 2_000)), range(10**15)):
        cut = to_json_value(many)
        assert (len(cut), cut[-1]) == (MAX_VALUES, {"truncated": "beyond 100,000 values"})


def test_content_that_is_there_very_often_comes_to_an_end():
    value = [1]
    for _ in range(60):
        value = [value, value]
    assert len(encode_json_value(value)) < 2 * MAX_BYTES


def test_long_key_that_is_there_very_often_comes_to_an_end():
    """Its text is never made: it would be a thousand times as long as the bound."""
    value = [{"k" * MAX_BYTES: 1}] * 1_000
    tracemalloc.start()
    try:
        assert len(encode_json_value(value)) < 2 * MAX_BYTES
        assert tracemalloc.get_traced_memory()[1] < 10 * MAX_BYTES
    finally:
        tracemalloc.stop()


def test_no_keys_are_read_once_the_budget_is_spent():
    """Else the time would grow with what is there, not with what is kept."""
    looked_at = []

    def note(frame, event, function):
        if event == "c_call" and frame.f_code is spend_budget.__code__:
            looked_at.append(function.__name__)

    value = [{"k" * (MAX_BYTES // 4): 1}] * 1_000
    sys.setprofile(note)
    try:
        encode_json_value(value)
    finally:
        sys.setprofile(None)
    assert 0 < looked_at.count("join") < 10


@pytest.mark.parametrize(
    "text",
    ["a" * (MAX_BYTES // 4), "ä" * (MAX_BYTES // 8), "\0" * 200_000],
    ids=["ascii", "wide", "escaped"],
)
@pytest.mark.parametrize("dumps", ENCODERS)
def test_conversion_stops_at_4_mib(text, dumps):
    left = json.loads(encode_json_value([text] * 5, dumps))
    assert text in left
    assert left[-1] == {"truncated": "beyond 4 MiB"}
    assert len(encode(left)) < MAX_BYTES + 100
    assert to_json_value(text * 10) == {"truncated": "beyond 4 MiB"}
    assert to_json_value({text: 1, text * 4: 2, "b": 3})["truncated"] == "beyond 4 MiB"


def test_binary_data_beyond_the_bound_is_neither_read_nor_written():
    data = bytes(20 * MAX_BYTES)
    tracemalloc.start()
    try:
        assert to_json_value([data, 1]) == [{"truncated": "beyond 4 MiB"}] * 2
        assert tracemalloc.get_traced_memory()[1] < 10 * MAX_BYTES
    finally:
        tracemalloc.stop()
