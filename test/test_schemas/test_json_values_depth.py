"""How deep the JSON value of any value may be."""

import dataclasses
import json
from collections import deque
from datetime import UTC, date, datetime

import pytest
from support.json_values import same

from gentrace.models import StepRun
from gentrace.schemas import MAX_DEPTH, find_encoder
from gentrace.schemas.json_values import encode_json_value, to_json_value

ENCODERS = [None, find_encoder("auto")]


@dataclasses.dataclass
class Point:
    x: int
    inner: object = None


@pytest.mark.parametrize(
    "wrap",
    [lambda value: [value], lambda value: {"a": value}, lambda value: deque([value])],
)
@pytest.mark.parametrize("dumps", ENCODERS)
def test_deepest_content_is_taken_by_the_strict_call(wrap, dumps):
    """Also what stands in an object only where it is sent; one level more, and it is cut."""
    value = date(2024, 1, 1) if dumps is None else "end"
    for _ in range(MAX_DEPTH - 1):
        value = wrap(value)
    cut = {}
    for levels in (MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1):
        content = json.loads(encode_json_value(value, dumps))
        assert same(to_json_value(value), content)
        cut[levels] = "…" in str(content)
        inputs = content if isinstance(content, dict) else {"input": content}
        StepRun(provider={"inputs": inputs})
        value = wrap(value)
    assert cut == {199: False, 200: not isinstance(value, dict), 201: True}


def test_deepest_object_is_whole_beside_what_is_converted():
    """Its values are converted one by one then."""
    deepest = "end"
    for _ in range(MAX_DEPTH - 1):
        deepest = {"a": deepest}
    assert to_json_value({**deepest, "b": 1j}) == {**deepest, "b": "1j"}
    assert to_json_value({"a": deepest, "b": 1j}) == {"a": deepest, "b": "1j"}
    assert "…" in str(to_json_value({"a": {"a": deepest}, "b": 1j}))


@pytest.mark.parametrize("dumps", ENCODERS)
def test_cycle_and_depth_end_in_dots(dumps):
    """One content may be there twice; the strict call takes what is left."""
    loop = {"a": []}
    loop["a"].append(loop)
    shared = [1]
    assert to_json_value([loop, shared, shared]) == [{"a": ["…"]}, [1], [1]]
    point = Point(1)
    point.inner = [point]
    assert to_json_value(point) == {"x": 1, "inner": ["…"]}
    deep = "end"
    for _ in range(MAX_DEPTH - 1):
        deep = [deep]
    for value in (deep, {"a": deep}, {"a": [deep]}, {"a": [[datetime.now(UTC), deep]]}):
        text = encode_json_value({"b": value}, dumps)
        step = {"provider": {"inputs": json.loads(text)}}
        StepRun.from_openapi_data_oapg(step)
    assert b"end" in encode_json_value({"b": deep}, dumps)
    assert encode_json_value({"b": [deep]}, dumps).count("…".encode()) == 1
