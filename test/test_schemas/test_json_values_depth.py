"""How deep the JSON value of any value may be."""

import json
from collections import deque
from datetime import date

import pytest
from support.json_values import same

from gentrace.models import StepRun
from gentrace.schemas import MAX_DEPTH, find_encoder
from gentrace.schemas.json_values import encode_json_value, to_json_value

ENCODERS = [None, find_encoder("auto")]


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
